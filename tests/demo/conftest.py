import pytest

from extranet.demo.synth import write_exchange
from tests.demo.synth_exchange import LAST, PROFILE, Weeks


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    """150 agents, 2,500 cases, three weeks: written once, only read afterwards."""
    folder = tmp_path_factory.mktemp("exchange")
    written = write_exchange(
        folder=folder, agents=150, cases=2_500, weeks=3, seed=11, last_monday=LAST, profile_folder=PROFILE
    )
    return Weeks(written)
