"""The style of every page that is written here: light and dark, on a telephone and on paper.

No font, picture or rule comes from elsewhere. Colours never say anything alone: what they stand for
is written beside them.
"""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #555; --rule: #c9c9c9; --paper: #fff;
  --panel: #f4f5f7; --mark: #ffe9a8; --kept: #a8480a; --coarser: #1d5fbf; --token: #0b7a5b;
  --redacted: #7a3fb5; --attached: #a11d66; --added: #6b6b6b; --withheld: #8a8f98; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #b0b4ba; --rule: #44484f;
  --paper: #16181c; --panel: #202329; --mark: #5c4a00; --kept: #f2a65a; --coarser: #7db4ff;
  --token: #58d0a8; --redacted: #c79bf2; --attached: #f08cc0;
  --added: #a9a9a9; --withheld: #7f858f; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: var(--ink); background: var(--paper); overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
h2 { border-bottom: 2px solid var(--ink); } h3 { font-size: 1.05rem; margin-bottom: .3rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; }
td, th { border-bottom: 1px solid var(--rule); } td { overflow-wrap: anywhere; }
td:first-child { min-width: 7.5rem; } th { overflow-wrap: normal; }
.facts th { width: 13rem; font-weight: 600; } mark { background: var(--mark); color: inherit; }
figure { margin: 1rem 0; } svg { display: block; max-width: 100%; height: auto; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); } svg.narrow { display: none; }
figcaption, svg .muted, svg .tick, svg .side { color: var(--soft); fill: var(--soft); }
figcaption { margin-top: .5rem; } svg .side { font-size: 12px; letter-spacing: .04em; }
svg .tick, svg .count, svg .how { font-size: 12px; } svg .leaving { font-weight: 600; }
svg .stays { font-weight: 600; fill: var(--soft); }
svg text.left { fill: var(--soft); } svg .outside { fill: var(--panel); }
svg .wall { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 5 4; }
.ribbon { fill: none; stroke-width: 9; stroke-opacity: .45; } .node.taken { fill: var(--ink); }
.node.left { fill: var(--withheld); } .ribbon.withheld { stroke: var(--withheld); stroke-width: 3;
  stroke-dasharray: 2 3; stroke-opacity: 1; }
.ribbon.kept { stroke: var(--kept); } .ribbon.coarser { stroke: var(--coarser); }
.ribbon.token { stroke: var(--token); } .ribbon.redacted { stroke: var(--redacted); }
.ribbon.attached { stroke: var(--attached); }
.node.attached, svg .how.attached { fill: var(--attached); }
.key.attached { background: var(--attached); }
.ribbon.added { stroke: var(--added); } .node.kept, svg .how.kept { fill: var(--kept); }
.node.coarser, svg .how.coarser { fill: var(--coarser); }
.node.token, svg .how.token { fill: var(--token); } .node.added, svg .how.added {
  fill: var(--added); } .node.redacted, svg .how.redacted { fill: var(--redacted); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0;
  margin: 0 0 .6rem; font-size: .9rem; } .key { display: inline-block; width: 1.1rem; height: .6rem;
  border-radius: 2px; margin-right: .4rem; background: var(--added); }
.key.kept { background: var(--kept); } .key.coarser { background: var(--coarser); }
.key.token { background: var(--token); } .key.redacted { background: var(--redacted); }
.key.withheld { height: 0; border-top: 3px dotted var(--withheld); background: none;
  vertical-align: middle; border-radius: 0; }
summary { cursor: pointer; color: var(--soft); padding: .3rem 0; }
.bar { fill: var(--coarser); } .bar.small { fill: var(--bad); } svg .below { fill: var(--bad);
  opacity: .1; } svg .axis { stroke: var(--ink); } svg line.k { stroke: var(--bad);
  stroke-width: 2; } svg text.k { fill: var(--bad); font-weight: 700; }
.tiles { list-style: none; padding: 0; margin: 1rem 0; display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
.tiles li { background: var(--panel); border-radius: 8px; padding: .8rem 1rem; }
.tiles strong { display: block; font-size: 1.6rem; line-height: 1.2; }
.tiles span { display: block; color: var(--soft); font-size: .9rem; } .tiles .bad strong {
  color: var(--bad); }
@media (max-width: 40rem) { body { margin: 1rem auto; } h1 { font-size: 1.4rem; }
  tr, td, .facts th { display: block; width: auto; border: 0; padding: .1rem 0; }
  tr { border-bottom: 1px solid var(--rule); padding: .3rem 0; } tr.head { display: none; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
  .tiles { grid-template-columns: 1fr 1fr; gap: .5rem; } .tiles strong { font-size: 1.25rem; }
  svg.wide { display: none; } svg.narrow { display: block; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --rule: #bbb; --paper: #fff;
  --panel: #f1f1f1; --mark: #ffe9a8; --kept: #a8480a; --coarser: #1d5fbf; --token: #0b7a5b;
  --redacted: #7a3fb5; --attached: #a11d66; --added: #6b6b6b; --withheld: #8a8f98;
  --bad: #b3261e; }
  .tiles { grid-template-columns: repeat(5, 1fr); } .tiles strong { font-size: 1.2rem; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { margin: 0; max-width: none; font-size: 9.5pt; line-height: 1.35; }
  th, td { padding: .15rem .5rem; } h2 { margin-top: 1.2rem; } tr, figure, .tiles
  { break-inside: avoid; } h2, h3 { break-after: avoid; }
  svg.wide { display: block; width: 78%; } svg.narrow { display: none; } summary { display: none; }
  details::details-content { content-visibility: visible; display: block; height: auto; } }
"""
