"use strict";
(async () => {
  const data = document.getElementById("rows");
  const list = document.getElementById("listed");
  if (!data || !list || !("DecompressionStream" in window)) return;
  const bytes = Uint8Array.from(atob(data.textContent.trim()), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(stream).text();
  const lines = text.split("\n");
  const { rules, words } = JSON.parse(lines.pop());
  const rows = lines.filter(Boolean).map((line) => JSON.parse(line));
  const RULE = 0, SEVERITY = 1, VERDICT = 2, TARGET = 3, NAMESPACE = 4, SUBJECT = 5, MESSAGE = 6, PLACE = 7, MARKS = 8, SEEN = 9;
  const STEP = 200;
  const form = document.getElementById("filters");
  const said = document.getElementById("said");
  const more = document.getElementById("more");
  let found = [], shown = 0;
  const word = (number) => words[number];

  const kindOf = (row) => (row[VERDICT] === "fail" ? row[SEVERITY] : row[VERDICT]);

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const opened = (row) => {
    const rule = rules[row[RULE]], box = element("div");
    if (row[MESSAGE]) box.append(element("p", row[MESSAGE]));
    for (const seen of row[SEEN] || []) box.append(element("p", seen, "mono quiet"));
    if (row[MARKS]) box.append(element("p", row[MARKS]));
    if (rule.why) box.append(element("h3", "Why"), element("p", rule.why));
    if (rule.fix) box.append(element("h3", "What to do"), element("p", rule.fix));
    if (row[VERDICT] === "fail") {
      const parts = row[SUBJECT].split(", ")[0].split(" ");
      box.append(element("h3", "To accept it"), element("pre",
        `auditor waivers add waivers.yaml --rule ${rule.id} --kind ${parts[0]}` +
        ` --name '${parts.slice(1).join(" ").split("/").pop()}'` +
        (word(row[NAMESPACE]) ? ` --namespace '${word(row[NAMESPACE])}'` : "") +
        " --owner WHO --approved-by WHO --expires 90d --reason WHY"));
    }
    return box;
  };

  const line = (row) => {
    const rule = rules[row[RULE]], made = element("details"), head = element("summary");
    const kind = kindOf(row);
    head.append(element("span", kind === "unknown" ? "not decided" : kind, `tag ${kind}`));
    head.append(element("b", rule.title), document.createTextNode(" "));
    head.append(element("span", `${row[SUBJECT]}  ${row[PLACE]}`, "quiet"));
    made.append(head);
    made.addEventListener("toggle", () => {
      if (made.open && made.children.length === 1) made.append(opened(row));
    });
    return made;
  };

  const extend = () => {
    const part = document.createDocumentFragment();
    for (const row of found.slice(shown, shown + STEP)) part.append(line(row));
    shown = Math.min(shown + STEP, found.length);
    list.append(part);
    more.hidden = shown >= found.length;
    said.textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} findings, ${shown.toLocaleString("en")} shown`;
  };

  const filter = () => {
    const of = (name) => form.elements[name].value;
    const wanted = of("text").toLowerCase();
    found = rows.filter((row) => {
      if (of("severity") && kindOf(row) !== of("severity")) return false;
      if (of("rule") && rules[row[RULE]].id !== of("rule")) return false;
      if (of("target") && word(row[TARGET]) !== of("target")) return false;
      if (of("namespace") && word(row[NAMESPACE]) !== of("namespace")) return false;
      if (of("framework") && !rules[row[RULE]].frameworks.includes(of("framework"))) return false;
      if (of("accepted") === "open" && row[MARKS].startsWith("accepted")) return false;
      if (of("accepted") === "accepted" && !row[MARKS].startsWith("accepted")) return false;
      return !wanted || `${rules[row[RULE]].id} ${rules[row[RULE]].title} ${row[SUBJECT]} ${row[MESSAGE]} ${row[PLACE]}`.toLowerCase().includes(wanted);
    });
    shown = 0;
    list.replaceChildren();
    extend();
  };

  const fill = (name, values) => {
    for (const value of [...new Set(values)].filter(Boolean).sort()) {
      const option = element("option", value);
      option.value = value;
      form.elements[name].append(option);
    }
  };
  fill("rule", rows.map((row) => rules[row[RULE]].id));
  fill("target", rows.map((row) => word(row[TARGET])));
  fill("namespace", rows.map((row) => word(row[NAMESPACE])));
  fill("framework", rules.flatMap((rule) => rule.frameworks));
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", extend);
  document.getElementById("browse").hidden = false;
  filter();
})();
