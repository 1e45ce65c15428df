"""Engines by name: what each needs before it is made, and the making."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from defectgen.blocked import Blocked, held_back
from defectgen.engine.window import Engine
from defectgen.errors import InputError
from defectgen.image import Picture, read_picture, to_rgb
from defectgen.like import check_likes, like_sha256, read_likes
from defectgen.model.adapter import read_adapter, read_card
from defectgen.model.adapter_path import parse_adapter
from defectgen.options import Options
from defectgen.source import list_images, read_mask

__all__ = ["check_caption", "check_engine", "default_batch", "engine_settings", "make_engine", "read_donors"]


GPU_BATCH = 8
SD_BATCH = 1  # what is sampled in half precision together differs by more than rounding


def check_engine(options: Options) -> str:
    """The device that the engine will run on.

    Refuses at once what making the engine would refuse late: absent weights, an absent device, an unusable bank.
    """
    if options.bank is not None:
        _check_bank(options.bank, options.blocked)
    if options.like:
        check_likes(options.like, options.blocked)
    if options.engine == "compact":
        from defectgen.model.checkpoint import default_weights, verify

        base = verify(default_weights()).weights_sha256
        for text in options.adapter:
            read_adapter(text, base)
    if options.engine == "sd":
        return _check_sd(options)
    if options.engine == "compact" or options.device != "auto":
        from defectgen.model.device import pick_device

        return pick_device(options.device)
    return "cpu"


def check_caption(options: Options, text: str) -> None:
    """InputError where the engine could not read a caption to its end; compact takes any."""
    if options.engine == "sd":
        from defectgen.sd.checkpoint import inspect
        from defectgen.sd.tokens import check_captions

        asked = options.sd
        check_captions(inspect(asked.model, offline=asked.offline, config=asked.config), [text], asked.loras)


def default_batch(device: str, engine: str = "compact") -> int:
    """On a CPU windows are edited one by one anyway, and a small batch loses less when a run is stopped."""
    if device in ("cpu", "openvino"):
        return 1
    return SD_BATCH if engine == "sd" else GPU_BATCH


def engine_settings(options: Options, device: str) -> dict[str, str | float | None]:
    """What decides an engine's result beside its weights, steps and guidance; it goes on record."""
    found = _settings(options, device)
    bank = {"bank": options.bank.name} if options.bank is not None else {}
    chosen = {"candidates": options.candidates} if options.candidates > 1 else {}
    return {**found, **bank, **chosen}


def _settings(options: Options, device: str) -> dict[str, str | float | None]:
    if options.engine == "sd":
        return {"device": device, **_sd_settings(options, device)}
    if options.engine == "compact":
        likes = {"like": like_sha256(options.like)} if options.like else {}
        return {"device": device, **likes, **adapter_settings(options.adapter)}
    return {}


def _check_sd(options: Options) -> str:
    """The device; refuses what opening the checkpoint would refuse after minutes."""
    from defectgen.sd.checkpoint import inspect
    from defectgen.sd.control import check_control
    from defectgen.sd.controlnet import check_controlnet
    from defectgen.sd.learned import check_learned
    from defectgen.sd.pipeline import dtype_name, sd_device

    asked = options.sd
    device = sd_device(asked)
    spec = inspect(asked.model, offline=asked.offline, config=asked.config)
    dtype_name(asked, spec.kind, device)
    check_learned(asked.loras, spec)
    if asked.controlnet is not None:
        check_controlnet(asked, spec)
        check_control(asked.control)
    return device


def _sd_settings(options: Options, device: str) -> dict[str, str | float | None]:
    from defectgen.sd.checkpoint import inspect
    from defectgen.sd.pipeline import recorded

    asked = options.sd
    return {**recorded(inspect(asked.model, offline=asked.offline, config=asked.config), asked, device)}


def adapter_settings(adapters: Sequence[str]) -> dict[str, str]:
    """The adapters by their weights and scales, in the order they are applied."""
    parts = [(read_card(folder).weights_sha256, scale) for folder, scale in map(parse_adapter, adapters)]
    return {"adapters": " ".join(f"{digest}:{scale:g}" for digest, scale in parts)} if parts else {}


def make_engine(options: Options) -> Engine:
    """The engine of checked options; imports no more than it needs."""
    if options.engine == "compact":
        from defectgen.engine.compact import CompactEngine

        given = {name: getattr(options, name) for name in ("steps", "guidance", "strength")}
        chosen = {k: v for k, v in given.items() if v is not None}
        likes = read_likes(options.like)
        return CompactEngine(device=options.device, references=likes, adapters=options.adapter, **chosen)
    if options.engine == "sd":
        from defectgen.engine.sd import SdEngine

        return SdEngine(options.sd)
    if options.engine == "render":
        from defectgen.engine.render import RenderEngine

        return RenderEngine()
    if options.engine == "perlin":
        from defectgen.engine.perlin import PerlinEngine

        return PerlinEngine()
    if options.engine == "cutpaste":
        from defectgen.engine.cutpaste import CutPasteEngine

        return CutPasteEngine()
    from defectgen.engine.copy_paste import CopyPasteEngine

    assert options.engine == "copy-paste"
    assert options.bank is not None
    donors = read_donors(options.bank, options.blocked)
    return CopyPasteEngine([(to_rgb(picture.pixels), read_mask(mask, picture.hw)) for picture, mask in donors])


def _check_bank(bank: Path, manifests: tuple[Path, ...]) -> None:
    """InputError where the bank holds nothing, or a test picture under whatever name."""
    blocked = Blocked.load(manifests, [bank])
    if len(blocked):
        for _ in _donors(bank, blocked):
            pass
    else:
        _donor_files(bank)


def read_donors(bank: Path, manifests: Sequence[Path] = ()) -> Iterator[tuple[Picture, Path]]:
    """The pictures of a bank, none of them blocked, and the files of their masks."""
    return _donors(bank, Blocked.load(manifests, [bank]))


def _donors(bank: Path, blocked: Blocked) -> Iterator[tuple[Picture, Path]]:
    """The bank's pictures, each held against the blocked ones, and the files of their masks."""
    for image, mask in _donor_files(bank):
        picture = read_picture(image)
        blocked.check(picture)
        yield picture, mask


def _donor_files(bank: Path) -> list[tuple[Path, Path]]:
    """Images of a defect set with their masks, which have the same names; those that its split calls train, if any."""
    images, masks = bank / "images", bank / "masks"
    if not images.is_dir() or not masks.is_dir():
        raise InputError(f"bank {bank} is no defect set; expected the folders images/ and masks/ in it")
    by_stem = {path.stem: path for path in list_images(masks)}
    named = [(path, by_stem[path.stem]) for path in list_images(images) if path.stem in by_stem]
    held = held_back(bank)
    pairs = [pair for pair in named if f"images/{pair[0].name}" not in held]
    if named and not pairs:
        raise InputError(f"bank {bank}: all {len(named)} images with masks are kept from training by its split")
    if not pairs:
        raise InputError(f"bank {bank} holds no image with a mask of the same name; expected images/a.png, masks/a.png")
    return pairs
