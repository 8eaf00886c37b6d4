"use strict";
(async () => {
  const data = document.getElementById("rows");
  const list = document.getElementById("listed");
  if (!data || !list || !("DecompressionStream" in window)) return;
  const bytes = Uint8Array.from(atob(data.textContent.trim()), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(stream).text();
  const end = text.lastIndexOf("\n");
  const { rules, words } = JSON.parse(text.slice(end + 1));
  const rows = end < 0 ? [] : JSON.parse(`[${text.slice(0, end).replaceAll("\n", ",")}]`);
  const [RULE, SEVERITY, VERDICT, TARGET, NAMESPACE, SUBJECT, MESSAGE, PLACE, MARKS, SEEN, TENANT, DIGEST, KIND, SPACE, NAME, PART] = Array(16).keys();
  const STEP = 200;
  const SEVERITIES = ["critical", "high", "medium", "low", "info"];
  const form = document.getElementById("filters");
  const said = document.getElementById("said");
  const more = document.getElementById("more");
  const fields = form.elements;
  let hays = null, found = [], parts = [], shown = 0;

  for (const rule of rules) rule.frameworks = [...new Set(rule.controls.map((each) => each.split(":")[0]))];
  const kindOf = (row) => (row[VERDICT] === "fail" ? row[SEVERITY] : row[VERDICT]);
  const accepted = (row) => /^(new, )?accepted/.test(row[MARKS]);
  const owner = (row) => row[SUBJECT].split(", ")[0];
  const number = (many, noun) => `${many.toLocaleString("en")} ${noun}${many === 1 ? "" : "s"}`;

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const tag = (kind) => element("span", kind, `tag ${SEVERITIES.includes(kind) ? kind : "unknown"}`);

  const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

  const command = (row) => {
    const options = { kind: words[row[KIND]], namespace: words[row[SPACE]], name: row[NAME], element: row[PART] };
    const given = Object.entries(options).filter(([, value]) => value);
    return ["auditor waivers add waivers.yaml", `--rule ${rules[row[RULE]].id}`,
      ...given.map(([name, value]) => `--${name} ${quoted(value)}`),
      "--owner WHO --approved-by WHO --expires 90d --reason WHY"].join(" ");
  };

  const told = (box, pairs) => {
    const made = element("dl");
    for (const [name, value, kind] of pairs) if (value) made.append(element("dt", name), element("dd", value, kind));
    box.append(made);
  };

  const reasons = (rule) => [["Why", rule.why], ["What to do", rule.fix, rule.code ? "mono fix" : ""], ["Controls", rule.controls.join(", ")]];

  const opened = (row, whole) => {
    const rule = rules[row[RULE]], box = element("div");
    if (row[MESSAGE]) box.append(element("p", row[MESSAGE]));
    told(box, [
      ...(row[SEEN].length ? [["Observed", row[SEEN].join("\n"), "mono lines"]] : []),
      ["Read from", row[PLACE], "mono"],
      ["Read", data.dataset.when],
      ["Digest", words[row[DIGEST]], "mono"],
      ["Tenant", words[row[TENANT]]],
      ["State", row[MARKS]],
      ...(whole ? [["Rule", rule.id, "mono"], ...reasons(rule)] : []),
      ["To accept it", row[VERDICT] === "fail" && !accepted(row) ? command(row) : "", "mono fix"],
    ]);
    return box;
  };

  const unfolding = (head, fill) => {
    const made = element("details");
    made.append(head);
    made.addEventListener("toggle", () => { if (made.open && made.children.length === 1) made.append(fill()); });
    return made;
  };

  const line = (row, whole) => {
    const head = element("summary");
    if (whole) head.append(tag(kindOf(row)), element("b", rules[row[RULE]].title), " ");
    head.append(element("span", row[SUBJECT], whole ? "quiet" : ""), " ", element("span", row[PLACE], "quiet mono"));
    if (accepted(row)) head.append(element("span", "accepted", "chip"));
    return unfolding(head, () => opened(row, whole));
  };

  const some = (box, all, make) => {
    let at = 0;
    const next = element("button", "Show more");
    next.type = "button";
    const extend = () => {
      const part = document.createDocumentFragment();
      for (const each of all.slice(at, at + STEP)) part.append(make(each));
      at = Math.min(at + STEP, all.length);
      box.insertBefore(part, next);
      if (at >= all.length) next.remove();
    };
    next.addEventListener("click", extend);
    box.append(next);
    extend();
    return box;
  };

  const group = ([, all]) => {
    const by = fields.by.value, first = all[0], rule = rules[first[RULE]], head = element("summary");
    if (!by) {
      const waived = all.filter(accepted).length;
      head.append(tag(kindOf(first)), element("b", rule.title), " ", element("span", `${rule.id}, ${number(all.length, "finding")}`, "quiet"));
      if (waived) head.append(element("span", waived === all.length ? "accepted" : `${waived.toLocaleString("en")} accepted`, "chip"));
    } else {
      const name = by === "object" ? owner(first) : words[first[by === "tenant" ? TENANT : by === "target" ? TARGET : NAMESPACE]];
      const counts = {};
      for (const row of all) counts[kindOf(row)] = (counts[kindOf(row)] || 0) + 1;
      head.append(tag(kindOf(first)), element("b", name || `(no ${by})`), " ",
        element("span", Object.entries(counts).map(([kind, many]) => `${many.toLocaleString("en")} ${kind}`).join(", "), "quiet"));
    }
    return unfolding(head, () => {
      const box = element("div");
      if (!by) told(box, reasons(rule));
      return some(box, all, (row) => line(row, by !== ""));
    });
  };

  const grouped = (by) => {
    const keys = { "": (row) => `${row[RULE]} ${kindOf(row)}`, object: (row) => `${row[TARGET]} ${owner(row)}`, tenant: (row) => row[TENANT], namespace: (row) => row[NAMESPACE], target: (row) => row[TARGET] };
    const made = new Map();
    for (const row of found) {
      const key = keys[by](row);
      if (made.has(key)) made.get(key).push(row); else made.set(key, [row]);
    }
    return [...made];
  };

  const extend = () => {
    const part = document.createDocumentFragment(), plain = fields.by.value === "none";
    for (const each of parts.slice(shown, shown + STEP)) part.append(plain ? line(each, true) : group(each));
    shown = Math.min(shown + STEP, parts.length);
    list.append(part);
    more.hidden = shown >= parts.length;
    said.textContent = `${found.length.toLocaleString("en")} of ${number(rows.length, "finding")}` +
      (plain ? `, ${shown.toLocaleString("en")} shown` : `, in ${number(parts.length, "group")}`);
  };

  const hay = () => (hays ||= rows.map((row) => `${rules[row[RULE]].id} ${rules[row[RULE]].title} ${row[SUBJECT]} ${row[MESSAGE]} ${row[PLACE]}`.toLowerCase()));

  const filter = () => {
    const value = Object.fromEntries(["severity", "verdict", "target", "tenant", "namespace", "framework", "rule", "state"].map((name) => [name, fields[name].value]));
    const wanted = fields.text.value.toLowerCase(), texts = wanted ? hay() : null;
    const right = rules.map((rule) => (!value.rule || rule.id === value.rule) && (!value.framework || rule.frameworks.includes(value.framework)));
    const at = (name) => (value[name] ? words.indexOf(value[name]) : -1);
    const target = at("target"), tenant = at("tenant"), namespace = at("namespace");
    found = rows.filter((row, index) =>
      right[row[RULE]] &&
      (!value.severity || (value.severity === "unknown" ? row[VERDICT] === "unknown" : row[VERDICT] === "fail" && row[SEVERITY] === value.severity)) &&
      (!value.verdict || row[VERDICT] === value.verdict) &&
      (target < 0 || row[TARGET] === target) && (tenant < 0 || row[TENANT] === tenant) && (namespace < 0 || row[NAMESPACE] === namespace) &&
      (!value.state || (value.state === "open" ? !accepted(row) : value.state === "new" ? row[MARKS].startsWith("new") : accepted(row))) &&
      (!texts || texts[index].includes(wanted)));
    parts = fields.by.value === "none" ? found : grouped(fields.by.value);
    shown = 0;
    list.replaceChildren();
    extend();
  };

  const names = () => [...fields].filter((each) => each.name);
  const remember = () => {
    const chosen = new URLSearchParams(names().filter((each) => each.value).map((each) => [each.name, each.value]));
    history.replaceState(null, "", `#findings${`${chosen}` && `?${chosen}`}`);
  };
  const recall = () => {
    const [place, chosen] = location.hash.slice(1).split("?");
    if (place !== "findings" || chosen === undefined) return false;
    const wanted = new URLSearchParams(chosen);
    for (const each of names()) each.value = wanted.get(each.name) || "";
    return true;
  };
  const again = () => { filter(); remember(); };

  const fill = (name, values, sort = true) => {
    const all = [...new Set(values)].filter(Boolean);
    for (const value of sort ? all.sort() : all) {
      const option = element("option", value);
      option.value = value;
      fields[name].append(option);
    }
    const alike = name !== "severity" && all.length < 2;
    fields[name].parentElement.hidden = alike;
    if (alike) fields.by.querySelector(`[value="${name}"]`)?.remove();
  };
  fill("severity", [...SEVERITIES, "unknown"], false);
  fill("verdict", rows.map((row) => row[VERDICT]));
  fill("rule", rules.map((rule) => rule.id));
  fill("target", rows.map((row) => words[row[TARGET]]));
  fill("tenant", rows.map((row) => words[row[TENANT]]));
  fill("namespace", rows.map((row) => words[row[NAMESPACE]]));
  fill("framework", rules.flatMap((rule) => rule.frameworks));
  form.addEventListener("input", again);
  form.addEventListener("reset", () => setTimeout(again));
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", extend);
  for (const tile of document.querySelectorAll("[data-field]")) {
    tile.addEventListener("click", () => {
      fields[tile.dataset.field].value = tile.dataset.value;
      filter();
      setTimeout(remember);
    });
  }
  addEventListener("hashchange", () => { if (recall()) filter(); });
  addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
  document.documentElement.classList.add("scripted");
  for (const each of document.querySelectorAll(".screen[hidden]")) each.hidden = rows.length === 0;
  const sent = recall();
  filter();
  if (sent) document.getElementById("findings").scrollIntoView();
})();
