"""What a step prints when it fails."""

from __future__ import annotations

from collections.abc import Iterator

from relman.demo.job_output import (
    BAD,
    END,
    INTEGRATION_TESTS,
    RED,
    UNIT_TESTS,
    YELLOW,
    Scene,
    image_lines,
    k6_lines,
    pytest_cases,
    pytest_lines,
    pytest_tail,
)

_UNIT = f"""
=================================== FAILURES ===================================
{BAD}____________________________ test_admin_permissions ____________________________{END}

    def test_admin_permissions() -> None:
        role = Role.load("admin")
>       assert set(role.permissions) == EXPECTED["admin"]
{BAD}E       AssertionError: assert {{'agents:read'...ols:invoke'}} == {{'agents:read'...ers:manage'}}{END}
{BAD}E         {END}
{BAD}E         Extra items in the right set:{END}
{BAD}E         'users:manage'{END}
{BAD}E         {END}
{BAD}E         Full diff:{END}
{BAD}E           {{{END}
{BAD}E               'agents:read',{END}
{BAD}E               'agents:write',{END}
{BAD}E               'tools:invoke',{END}
{BAD}E         -     'users:manage',{END}
{BAD}E           }}{END}

tests/unit/test_rbac.py:57: AssertionError
----------------------------- Captured stdout call -----------------------------
2026 [info     ] role loaded                    name=admin permissions=3
{BAD}________________________ test_role_inherits_permissions ________________________{END}

    def test_role_inherits_permissions() -> None:
        owner = Role.load("owner")
>       assert owner.grants["users:manage"].inherited_from == "admin"
{BAD}E       KeyError: 'users:manage'{END}

tests/unit/test_rbac.py:71: KeyError
=============================== warnings summary ===============================
tests/unit/test_rbac.py::test_unknown_role
  {YELLOW}app/auth/roles.py:31: PydanticDeprecatedSince20: `dict` is deprecated; use `model_dump`.{END}

=========================== short test summary info ============================
{RED}FAILED{END} tests/unit/test_rbac.py::test_admin_permissions - AssertionError: assert {{'agents:read'...
{RED}FAILED{END} tests/unit/test_rbac.py::test_role_inherits_permissions - KeyError: 'users:manage'"""

_QDRANT = f"""
=================================== FAILURES ===================================
{BAD}__________________________ test_recall_after_restart ___________________________{END}

    async def test_recall_after_restart(store: Store) -> None:
        await store.remember("blue is the favourite colour")
>       await store.restart(timeout=10)

tests/integration/test_memory.py:24:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
app/memory/store.py:131: in restart
    await self._client.get_collection(self._name)
{BAD}E   qdrant_client.http.exceptions.ResponseHandlingException: timed out{END}

=========================== short test summary info ============================
{RED}FAILED{END} tests/integration/test_memory.py::test_recall_after_restart - ResponseHandlingException"""

_PLAIN = {
    "format": """--- app/tools/web.py
+++ app/tools/web.py
@@ -39,7 +39,9 @@
-    return await client.get(url, timeout=TIMEOUT, follow_redirects=True, headers={"accept": "text/html"})
+    return await client.get(
+        url, timeout=TIMEOUT, follow_redirects=True, headers={"accept": "text/html"}
+    )
would reformat app/tools/web.py

Oh no! 💥 💔 💥
1 file would be reformatted, 37 files would be left unchanged.""",
    "types": """app/memory/store.py:88: error: Argument 1 to "upsert" has incompatible type \
"list[float] | None"; expected "list[float]"  [arg-type]
Found 1 error in 1 file (checked 24 source files)""",
    "vulnerability": """+==============================================================================+
 REPORT
  Safety is using PyUp's free open-source vulnerability database.
  -> Vulnerability found in aiohttp version 3.9.5
     Vulnerability ID: 78162
     Affected spec: <3.10.11
     ADVISORY: request smuggling through chunk extensions. CVE-2026-21877
  1 vulnerability was reported.
+==============================================================================+""",
    "ssh": "ssh: connect to host *** port 22: Connection timed out",
    "staging-health": """curl: (22) The requested URL returned error: 503
curl: (22) The requested URL returned error: 503
curl: (22) The requested URL returned error: 503
curl: (22) The requested URL returned error: 503""",
    "production-health": """ Container agentic-backend-api-1-1  Recreate
 Container agentic-backend-api-1-1  Recreated
 Container agentic-backend-api-1-1  Starting
 Container agentic-backend-api-1-1  Started
curl: (56) Recv failure: Connection reset by peer
curl: (22) The requested URL returned error: 503
curl: (22) The requested URL returned error: 503
curl: (22) The requested URL returned error: 503
{"status":"unavailable","checks":{"redis":"ok","qdrant":"timeout"}}""",
    "audit": """Found 1 known vulnerability in 1 package
Name    Version ID                  Fix Versions
------- ------- ------------------- ------------
aiohttp 3.9.5   GHSA-27mf-ghqm-j3j8 3.10.11""",
    "regression": "p95 against the baseline: 1.136",
    "backup-age": "The newest Redis backup is 26.3 h old",
}


def failed_output(kind: str, scene: Scene, seconds: float) -> Iterator[str]:
    """The lines of a failing step up to the error that ends it."""
    if kind == "unit":
        failing = frozenset({"test_admin_permissions", "test_role_inherits_permissions"})
        yield from pytest_lines("unit", UNIT_TESTS, failing)
        yield from _UNIT.split("\n")
        passed = len(pytest_cases("unit", UNIT_TESTS)) - 2
        yield pytest_tail(passed, seconds, failed=2, warned=1)
    elif kind == "qdrant":
        yield from pytest_lines("integration", INTEGRATION_TESTS, frozenset({"test_recall_after_restart"}))
        yield from _QDRANT.split("\n")
        passed = len(pytest_cases("integration", INTEGRATION_TESTS)) - 1
        yield pytest_tail(passed, seconds, failed=1)
    elif kind == "image":
        yield from list(image_lines(scene.rng, "agentic-backend"))[:13]
        yield '#9 ERROR: process "/bin/sh -c pip install --no-cache-dir -r requirements.txt" did not complete'
        yield "  ERROR: Cannot install -r requirements.txt and httpx==0.27.2: conflicting dependencies."
    elif kind == "registry":
        yield from image_lines(scene.rng, "ghcr.io/acme/agentic-backend")
        yield "#12 pushing layers"
        yield "#12 ERROR: unexpected status from PUT request to https://ghcr.io/v2/…: 502 Bad Gateway"
    elif kind == "threshold":
        yield from k6_lines(scene.rng, 611.37, 20, 3)
        yield f"{RED}ERRO[0184] thresholds on metrics 'http_req_duration' have been crossed{END}"
    else:
        yield from _PLAIN[kind].split("\n")
