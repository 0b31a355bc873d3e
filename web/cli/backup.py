"""`houblon backup` and `restore FILE`: a whole installation in one file or down a pipe, taken while it runs.

The ledger is copied first and the rules after it. Versions are only ever added, so every version
that a decision in the ledger names is in the rules that were copied later; what the later rules
say that the ledger doesn't know yet is recorded at the next start, as after a crash.

What is copied is verified before a byte of it leaves: a backup of something damaged would take the place of
the last good one where only so many are kept. The ledger's copy is the one thing that takes space; as soon as it is
verified it has no name any more, so that a backup that is killed while it streams leaves nothing behind.
"""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

import msgspec

from houblon.engine.core.problem import Invalid, Text, refuse
from houblon.orders.db.migrate import NewerLedger, is_known
from houblon.orders.db.snapshot import BESIDE, database_file, revision_of, snapshot
from houblon.orders.db.soundness import faults_in, faults_in_file
from houblon.rules.store.documents import FILE, open_store
from houblon.rules.store.durable import decode, generations, kept, sync_folder
from houblon.rules.store.storage import CrashSafeStorage
from houblon.simulation.jobs.jobs import FOLDER
from houblon.web.copies.scratch import check_room, is_in_scratch, scratch_folder
from houblon.web.foundation.data_folder import MARK, check_initialised, read_profile, read_secret
from houblon.web.foundation.opening import looking_into, lost, refuse_damage, refuse_loss
from houblon.web.foundation.settings import Settings

FORMAT = 1
LEDGER, MANIFEST = "ledger.db", "manifest.json"
STREAM = Path("-")  # what stands for a pipe in the place of a file
# Files of a running process, and the stores, which are copied in their own way.
_PASSING = (".lock", ".writing", ".restoring", *BESIDE[1:])
_CHUNK = 1 << 20
_ELSEWHERE = Text("donnez un autre dossier par --scratch.", "name another folder with --scratch.")


class Kept(msgspec.Struct, frozen=True):
    """One file of a backup."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a backup holds. `ledger_revision` is None where the ledger is PostgreSQL and not in it.

    `base_url` is where the installation was reached, as far as the command that copied it knew; a backup of before
    that was kept has none.
    """

    houblon_backup: int
    made_at: datetime
    ledger_revision: str | None
    rules_generation: int
    files: tuple[Kept, ...]
    base_url: str | None = None


Contents = Mapping[str, io.BufferedReader]


def back_up(settings: Settings, target: Path, now: datetime, scratch: Path | None = None) -> Manifest:
    """Write the installation to `target`, a tar (`….gz` is compressed) that nobody else may read.

    The ledger is copied to the folder `scratch` meanwhile, beside the ledger unless it is given. Raises
    NotInitialised, Damaged, OSError, sqlite3.Error, and Invalid where `target` is there already or the installation
    is not whole; then there is no file.
    """
    check_initialised(settings.data)
    if target.exists():
        raise refuse("exists", "", f"{target} existe déjà.", f"{target} exists already.")
    folder = target.absolute().parent
    if target.absolute().resolve().is_relative_to(settings.data.resolve()):
        raise refuse(
            "inside",
            "",
            "Une sauvegarde va ailleurs que dans le dossier qu’elle sauvegarde.",
            "A backup goes elsewhere than into the folder that it backs up.",
        )
    with copied(settings, now, scratch) as (manifest, contents):
        written = folder / f"{target.name}.writing"
        written.unlink(missing_ok=True)
        try:
            with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                write_archive(file, manifest, contents, "w|gz" if target.suffix in (".gz", ".tgz") else "w|")
                file.flush()
                os.fsync(file.fileno())
            os.replace(written, target)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
    sync_folder(folder)
    return manifest


def stream_backup(settings: Settings, pipe: IO[bytes], now: datetime, scratch: Path | None = None) -> Manifest:
    """`back_up` down a pipe: a tar as it is, for whatever compresses or encrypts it there. Raises the same.

    Nothing is written before all of it was verified; what fails then leaves an archive without its end.
    """
    check_initialised(settings.data)
    with copied(settings, now, scratch) as (manifest, contents):
        write_archive(pipe, manifest, contents, "w|")
        pipe.flush()
    return manifest


@contextmanager
def copied(settings: Settings, now: datetime, scratch: Path | None) -> Iterator[tuple[Manifest, Contents]]:
    """The installation as it is now, verified: what its manifest says, and each file to be read from its beginning."""
    _check_whole(settings)
    database = database_file(settings.database_url)
    place = scratch or (database.absolute().parent if database else settings.data.absolute())
    with ExitStack() as stack:
        with scratch_folder(place, now) as staged:
            revision = _stage_ledger(settings, staged)
            generation = _stage_rules(settings.data, staged)
            _stage_others(settings, staged)
            contents = {
                path.relative_to(staged).as_posix(): stack.enter_context(path.open("rb")) for path in _files(staged)
            }
        files = tuple(_described(name, content) for name, content in contents.items())
        yield Manifest(FORMAT, now, revision, generation, files, settings.base_url), contents


def restore_backup(
    source: Path | IO[bytes],
    folder: Path,
    now: datetime,
    replace: bool = False,
    finish: Callable[[Path, Manifest], None] = lambda staged, manifest: None,
) -> tuple[Manifest, Path | None]:
    """Verify a backup and make `folder` of it; with `replace`, what was there is kept aside.

    `finish` is told of the verified installation before it gets its name. Returns the manifest, and where the earlier
    installation is now. Raises Invalid, and nothing is touched, where the backup is not whole or `folder` is not
    empty; NewerLedger; what `finish` raises.
    """
    is_taken = folder.exists() and any(folder.iterdir())
    if is_taken and not replace:
        raise refuse(
            "not_empty",
            "",
            f"{folder} n’est pas vide : ajoutez --replace pour garder de côté ce qui y est, ou choisissez --into.",
            f"{folder} is not empty: add --replace to keep what is there aside, or choose another with --into.",
        )
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".restoring", dir=folder.parent))
    try:
        manifest = _unpack(source, staged)
        _verify(staged, manifest)
        finish(staged, manifest)
        aside = folder.with_name(f"{folder.name}.before-{now:%Y%m%dT%H%M%S}") if is_taken else None
        _swap(staged, folder, aside)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    sync_folder(folder.parent)
    return manifest, aside


def _swap(staged: Path, folder: Path, aside: Path | None) -> None:
    if aside is not None:
        os.rename(folder, aside)
    elif folder.exists():
        folder.rmdir()
    try:
        os.rename(staged, folder)
    except OSError:
        if aside is not None:
            os.rename(aside, folder)
        raise


def _stage_ledger(settings: Settings, staged: Path) -> str | None:
    database = database_file(settings.database_url)
    if database is None:
        return None
    check_room(database, staged, _ELSEWHERE)
    snapshot(database, staged / LEDGER)
    refuse_damage(settings, faults_in_file(staged / LEDGER))
    return revision_of(staged / LEDGER)


def _check_whole(settings: Settings) -> None:
    """Whether the profile, the secret and the ledger are this installation's, and the ledger knows no more versions
    than the rules. Raises Invalid, Damaged."""
    profile, store = read_profile(settings.data), open_store(settings.data)
    read_secret(settings.data)
    with looking_into(settings, profile, store.history) as connection:
        refuse_loss(lost(connection, store.history))
        if not settings.is_embedded:
            refuse_damage(settings, faults_in(connection))


def _stage_rules(data: Path, staged: Path) -> int:
    """The rules of now and the generations before; returns the number of now's."""
    content = CrashSafeStorage(data / FILE).whole_bytes()  # raises Damaged, with the way out
    found = decode(content)
    assert found is not None
    (staged / FILE).write_bytes(content)
    for generation in generations(data / FILE):
        try:
            earlier = kept(data / FILE, generation).read_bytes()
        except FileNotFoundError:
            continue  # forgotten meanwhile: newer ones are there
        if generation < found[0]:
            kept(staged / FILE, generation).write_bytes(earlier)
    return found[0]


def _stage_others(settings: Settings, staged: Path) -> None:
    """What else is in the folder, as it is: the profile, the secret, what features keep there."""
    database = database_file(settings.database_url)
    for path in _files(settings.data):
        name = path.relative_to(settings.data)
        # A mail that was sent is not kept anew: its link may open an account.
        if settings.mail_folder in path.parents:
            continue
        if str(name).startswith(FILE) or str(name) == MARK or path.name.endswith(_PASSING):
            continue
        if name.parts[0] == FOLDER:  # of simulations that run
            continue
        if str(name) == LEDGER or (database is not None and path.absolute() == database.absolute()):
            continue
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, staged / name)


def _files(folder: Path) -> Iterator[Path]:
    """Every file in a folder, but what is copied there for a moment."""
    for path in sorted(folder.rglob("*")):
        if not is_in_scratch(path.relative_to(folder)) and path.is_file() and not path.is_symlink():
            yield path


def _described(name: str, content: io.BufferedReader) -> Kept:
    digest = hashlib.file_digest(content, "sha256").hexdigest()
    size = content.tell()
    content.seek(0)
    return Kept(name, size, digest)


def write_archive(target: IO[bytes], manifest: Manifest, contents: Contents, mode: Literal["w|", "w|gz"]) -> None:
    """Stream the archive, its manifest first, with as much memory as one block takes."""
    with tarfile.open(fileobj=target, mode=mode) as archive:
        document = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        _add(archive, MANIFEST, len(document), io.BytesIO(document), manifest)
        for each in manifest.files:
            _add(archive, each.path, each.size, contents[each.path], manifest)


def _add(archive: tarfile.TarFile, name: str, size: int, content: IO[bytes], manifest: Manifest) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(manifest.made_at.timestamp())
    archive.addfile(member, content)


def _unpack(source: Path | IO[bytes], staged: Path) -> Manifest:
    """Every file that the manifest names, with the content that it says, and no other; read once, from the front."""
    try:
        with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as file, _reading(file) as archive:
            manifest = _read_manifest(archive)
            expected = {each.path: each for each in manifest.files}
            for member in archive:
                if member.name == MANIFEST:
                    continue
                each = expected.pop(member.name, None)
                content = archive.extractfile(member) if each is not None and member.isreg() else None
                if each is None or content is None or not _lands_in(staged, each.path):
                    raise _broken(member.name)
                if _copy(content, staged / each.path) != (each.size, each.sha256):
                    raise _broken(each.path)
            if expected:
                raise _broken(next(iter(expected)))
    except (tarfile.TarError, EOFError, OSError, UnicodeError, msgspec.MsgspecError, RecursionError) as fault:
        raise refuse(
            "backup", "", f"Cette sauvegarde ne se lit pas : {fault}", f"This backup can't be read: {fault}"
        ) from fault
    return manifest


def _reading(file: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=file, mode="r|*")


def _read_manifest(archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    content = archive.extractfile(first) if first is not None and first.name == MANIFEST and first.isreg() else None
    if content is None:
        raise _broken(MANIFEST)
    manifest = msgspec.json.decode(content.read(), type=Manifest)
    if manifest.houblon_backup != FORMAT:
        raise refuse(
            "format",
            "",
            f"Cette sauvegarde a le format {manifest.houblon_backup} d’un Houblon plus récent.",
            f"This backup has the format {manifest.houblon_backup} of a newer Houblon.",
        )
    return manifest


def _lands_in(folder: Path, name: str) -> bool:
    return (folder / name).resolve().is_relative_to(folder.resolve()) and not Path(name).is_absolute()


def _copy(content: IO[bytes], target: Path) -> tuple[int, str]:
    """Size and hash of what was written; every file is its owner's alone, the secret among them."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _verify(staged: Path, manifest: Manifest) -> None:
    """The stores open, and this Houblon knows their schema."""
    CrashSafeStorage(staged / FILE).mend()
    (staged / f"{FILE}.lock").unlink(missing_ok=True)
    if manifest.ledger_revision is None:
        return
    faults = faults_in_file(staged / LEDGER)
    if faults:
        raise _broken(f"{LEDGER} ({faults[0]})")
    if not is_known(manifest.ledger_revision):
        raise NewerLedger(f"the backup has the schema {manifest.ledger_revision} of a newer Houblon: run that one")


def _broken(name: str) -> Invalid:
    return refuse(
        "backup",
        "",
        f"La sauvegarde n’est pas entière : {name} n’est pas ce que dit son manifeste. Rien n’a changé.",
        f"The backup is not whole: {name} is not what its manifest says. Nothing changed.",
    )
