"""The other tools of the comparison: each writes the same content in its own format and says how it is run."""

from __future__ import annotations

from benchmarks.peers import checkjsonschema, doorstop, hugo, material, ours, sphinxneeds, strictdoc, trestle, zensical
from benchmarks.peers.peer import Peer

PEERS: dict[str, Peer] = {
    module.PEER.name: module.PEER
    for module in (ours, doorstop, strictdoc, sphinxneeds, checkjsonschema, trestle, material, zensical, hugo)
}
