"""Layers of a PDF that its author switched off. Without this they would show up on the fax."""

from __future__ import annotations

from pikepdf import Array, Dictionary, Name, Object, Pdf

KEPT_OF_LAYER = {"/Type", "/Name", "/Intent", "/Usage"}


def hidden_layers(document: Pdf) -> list[Object]:
    """The layers that are off when the document is opened."""
    layers, config = _layers(document), _config(document)
    if config.get("/BaseState") == Name.OFF:
        shown = {layer.objgen for layer in _dictionaries(config.get("/ON"))}
        return [layer for layer in layers if layer.objgen not in shown]
    return _dictionaries(config.get("/OFF"))


def copy_layers(target: Pdf, source: Pdf) -> None:
    """Make the layers of pages that are going to be copied from `source` to `target` as visible there as here."""
    layers = _layers(source)
    if not layers:
        return
    if "/OCProperties" not in target.Root:
        target.Root.OCProperties = Dictionary(OCGs=Array(), D=Dictionary(OFF=Array()))
    for layer in layers:
        for key in set(layer.keys()) - KEPT_OF_LAYER:
            del layer[key]
        target.Root.OCProperties.OCGs.append(target.copy_foreign(layer))
    for layer in hidden_layers(source):
        target.Root.OCProperties.D.OFF.append(target.copy_foreign(layer))


def _layers(document: Pdf) -> list[Object]:
    properties = document.Root.get("/OCProperties")
    return _dictionaries(properties.get("/OCGs")) if isinstance(properties, Dictionary) else []


def _config(document: Pdf) -> Dictionary:
    properties = document.Root.get("/OCProperties")
    config = properties.get("/D") if isinstance(properties, Dictionary) else None
    return config if isinstance(config, Dictionary) else Dictionary()


def _dictionaries(things: Object | None) -> list[Object]:
    """Of a list of layers, those that exist. Only what stands by itself in the file can be a layer."""
    if not isinstance(things, Array):
        return []
    return [one for one in things if isinstance(one, Dictionary) and one.is_indirect]
