// Builds the page from /openapi.json: one block a route, with a form that sends the request.
"use strict";

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

// Words between backticks are code.
const prose = (text) => text.split("`").map((part, place) => (place % 2 ? make("code", {}, part) : part));

const resolve = (api, schema) => {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.split("/").slice(1).reduce((value, part) => value[part], api);
};

const exampleOf = (api, schema, depth = 0) => {
  const found = resolve(api, schema);
  if (found.examples && found.examples.length) return found.examples[0];
  if (found.default !== undefined && found.default !== null) return found.default;
  const options = found.anyOf || found.oneOf;
  if (options) return exampleOf(api, options.find((each) => each.type !== "null") || options[0], depth);
  if (found.type === "object" && found.properties && depth < 4) {
    const wanted = found.required && found.required.length ? found.required : Object.keys(found.properties).slice(0, 4);
    return Object.fromEntries(wanted.map((name) => [name, exampleOf(api, found.properties[name], depth + 1)]));
  }
  return { array: [], boolean: false, integer: 1, number: 1, object: {}, string: "" }[found.type] ?? null;
};

const show = async (answer, out) => {
  const type = answer.headers.get("content-type") || "";
  out.replaceChildren(make("p", {}, `${answer.status} ${answer.statusText}`));
  if (type.startsWith("image/")) {
    out.append(make("img", { className: "answer", src: URL.createObjectURL(await answer.blob()), alt: "The picture" }));
    return;
  }
  if (type === "application/pdf") {
    out.append(make("a", { href: URL.createObjectURL(await answer.blob()), download: "document.pdf" }, "Save the PDF"));
    return;
  }
  const text = await answer.text();
  let value = null;
  try { value = JSON.parse(text); } catch { value = null; }
  out.append(make("pre", {}, value ? JSON.stringify(value, null, 2) : text.slice(0, 20000)));
  const picture = value && (value.imageUrl || (value.pages && value.pages[0] && value.pages[0].imageUrl));
  if (picture && !/\.(pdf|mp4)$/.test(picture)) out.append(make("img", { className: "answer", src: picture, alt: "The picture" }));
};

const send = async (method, path, operation, fields, body, parts, out) => {
  let target = path;
  const headers = {};
  const query = new URLSearchParams();
  for (const { parameter, input } of fields) {
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, input.value.split("/").map(encodeURIComponent).join("/"));
    else if (parameter.in === "query" && input.value !== "") query.set(parameter.name, input.value);
    else if (parameter.in === "header" && input.value !== "") headers[parameter.name] = input.value;
  }
  const key = document.getElementById("key").value.trim();
  if (key && operation.security && operation.security.length) headers.Authorization = `Bearer ${key}`;
  const request = { method, headers };
  if (parts.length) {
    request.body = new FormData();
    for (const { name, input } of parts) {
      if (input.type !== "file") { if (input.value) request.body.append(name, input.value); }
      else if (input.files.length) request.body.append(name, input.files[0]);
    }
  } else if (body && body.value.trim()) {
    headers["Content-Type"] = "application/json";
    request.body = body.value;
  }
  out.replaceChildren(make("p", {}, "…"));
  try {
    await show(await fetch(target + (query.size ? `?${query}` : ""), request), out);
  } catch (error) {
    out.replaceChildren(make("p", {}, `The request could not be sent: ${error.message}`));
  }
};

const block = (api, path, method, operation, id) => {
  const fields = (operation.parameters || []).map((parameter) => ({
    parameter,
    input: make("input", { name: parameter.name, required: parameter.in === "path" }),
  }));
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  const body = schema
    ? make("textarea", { spellcheck: false, value: JSON.stringify(exampleOf(api, schema), null, 2), ariaLabel: "Body" })
    : null;
  const upload = body ? null : operation.requestBody?.content?.["multipart/form-data"]?.schema;
  const parts = Object.entries(resolve(api, upload).properties || {}).map(([name, property]) => ({
    name, input: make("input", { type: property.format === "binary" ? "file" : "text" }),
  }));
  const out = make("div");
  const form = make("form", {},
    ...fields.map(({ parameter, input }) => make("label", { className: "field" }, `${parameter.name} (${parameter.in})`, input)),
    ...parts.map(({ name, input }) => make("label", { className: "field" }, `${name} (form)`, input)),
    body ? make("label", { className: "field" }, "Body (JSON)", body) : null,
    make("button", {}, "Send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method.toUpperCase(), path, operation, fields, body, parts, out);
  });
  const statuses = Object.entries(operation.responses).map(([status, answer]) => `${status} ${answer.description}`);
  return make("details", { id },
    make("summary", {},
      make("span", { className: "method" }, method.toUpperCase()),
      make("span", { className: "path" }, path), ` ${operation.summary || ""}`),
    make("p", {}, ...prose(operation.description || "")),
    make("p", { className: "note" }, statuses.join(" · ")),
    form, out);
};

const begin = async () => {
  const routes = document.getElementById("routes");
  const contents = document.getElementById("contents");
  const api = await (await fetch("/openapi.json")).json();
  const codes = await (await fetch("/docs/codes.json")).json();
  routes.replaceChildren(make("p", {}, ...prose(api.info.description || "")));
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const group = (operation.tags && operation.tags[0]) || "Other";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push([path, method, operation]);
    }
  }
  for (const [group, members] of groups) {
    routes.append(make("h2", {}, group));
    contents.append(make("strong", {}, group));
    for (const [path, method, operation] of members) {
      const id = `${method}-${path}`;
      routes.append(block(api, path, method, operation, id));
      contents.append(make("a", { href: `#${id}` }, `${method.toUpperCase()} ${path}`));
    }
  }
  routes.append(make("h2", { id: "codes" }, "Problems and warnings"));
  routes.append(make("dl", {}, ...codes.flatMap(({ code, sentence, status }) => [
    make("dt", { id: code }, make("code", {}, code), status ? ` (${status})` : ""),
    make("dd", {}, sentence)])));
  contents.append(make("strong", {}, "More"), make("a", { href: "#codes" }, "Problems and warnings"));
  const go = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", go);
  go();
};

begin();
