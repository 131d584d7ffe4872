"""Every change a writer knows, once: what holds for one has to hold for all."""

from github_bodies import SHA

ROOT = "/repos/acme/agentic-backend"

EVERY = {
    "review": lambda writer: writer.review(7, (3,), "approved", ""),
    "rerun": lambda writer: writer.rerun(7),
    "rerun job": lambda writer: writer.rerun_job(9),
    "cancel": lambda writer: writer.cancel(7),
    "delete": lambda writer: writer.delete_run(7),
    "update release": lambda writer: writer.update_release(5, body="x"),
    "dispatch": lambda writer: writer.dispatch("cd.yml", "main", {}),
    "tag object": lambda writer: writer.create_tag_object("v1.2.3", "m", SHA),
    "ref": lambda writer: writer.create_ref("refs/tags/v1.2.3", SHA),
    "notes": lambda writer: writer.generate_notes("v1.2.3", target=SHA, previous=None),
    "release": lambda writer: writer.create_release("v1.2.3", name="", body=""),
    "pull request": lambda writer: writer.create_pull_request(title="", head="x", base="main", body=""),
}
CHANGING = sorted(set(EVERY) - {"notes"})  # notes are asked for with POST, and nothing is stored
