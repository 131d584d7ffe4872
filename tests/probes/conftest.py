import certificates
import pytest

from relman.probes import Probes


@pytest.fixture
async def probes():
    probes = Probes()
    yield probes
    await probes.aclose()


@pytest.fixture(autouse=True)
def no_proxy_from_outside(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session", params=[False, True], ids=["unknown", "expired"])
def bad_certificate(request, tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("certificate"), expired=request.param)
