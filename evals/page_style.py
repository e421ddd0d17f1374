"""The style of the page of results; dark where the reader's system is."""

STYLE = """
:root{color-scheme:light dark;--ink:#1f2937;--soft:#6b7280;--line:#e5e7eb;--paper:#fff;--back:#f8fafc;
--good:#15803d;--bad:#b91c1c;--odd:#b45309}
@media(prefers-color-scheme:dark){:root{--ink:#e5e7eb;--soft:#9ca3af;--line:#374151;--paper:#111827;
--back:#0b1120;
--good:#4ade80;--bad:#f87171;--odd:#fbbf24}}
body{margin:0;background:var(--back);color:var(--ink);font:14px/1.45 system-ui,sans-serif}
main{max-width:1100px;margin:0 auto;padding:24px}
h1{font-size:22px}h2{font-size:17px;margin:28px 0 8px}
h3{font-size:14px;display:inline}h4{font-size:13px;margin:14px 0 4px}
.totals{display:flex;flex-wrap:wrap;gap:8px;list-style:none;padding:0}
.totals li,.case,fieldset{background:var(--paper);
border:1px solid var(--line);border-radius:6px;padding:6px 10px}
fieldset{display:flex;gap:14px;margin:0 0 8px}
.case{margin:4px 0}.case summary{cursor:pointer}.case summary>span{color:var(--soft)}
.badge{font-weight:600;display:inline-block;min-width:84px}
.is-passed{color:var(--good)}.is-failed,.is-error{color:var(--bad)}
.is-unscripted,.is-expected,.is-pending{color:var(--odd)}
.reason{font-family:ui-monospace,monospace;color:var(--bad);overflow-wrap:anywhere}
.wide,.graph{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;vertical-align:top;padding:3px 8px;
border-bottom:1px solid var(--line);overflow-wrap:break-word}
th{color:var(--soft);font-weight:600;white-space:nowrap}td:first-child{white-space:nowrap}
td:nth-child(2){min-width:110px}
.graph{background:#fff;border:1px solid var(--line);border-radius:6px;padding:8px;margin:8px 0}
.cases:has([value=passed]:checked) .case:not(.case-passed),
.cases:has([value=failed]:checked) .case:not(.case-failed),
.cases:has([value=error]:checked) .case:not(.case-error),
.cases:has([value=unscripted]:checked) .case:not(.case-unscripted),
.cases:has([value=expected]:checked) .case:not(.case-expected),
.cases:has([value=pending]:checked) .case:not(.case-pending){display:none}
"""
