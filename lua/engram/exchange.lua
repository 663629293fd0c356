-- engram.exchange: memories out to files that others read, and in again: JSON Lines with all there
-- is of them, or a .npy file of their vectors beside a text file of their links.
local bit = require "bit"
local ffi = require "ffi"
local C = require "engram.ffi"
local bank = require "engram.bank"
local check = require "engram.check"
local digits = require "engram.digits"
local files = require "engram.files"
local graph = require "engram.graph"
local json = require "engram.json"
local progress = require "engram.progress"
local record = require "engram.record"

local exchange = {}

local info = ffi.new "struct engram_memory_info"
local remembered = ffi.new "struct engram_remembered"

local function info_of(p)
  C.engram_memory_info(p, info)
  return info
end

local function now_of(p)
  local clock = info_of(p).clock
  return clock > -math.huge and clock or 0
end

local function path_of(path, fname, position)
  check.arg(type(path) == "string", fname, position, "a path", path)
  return path
end

-- ---- out

-- Writes pieces of text, one for a memory.
local function write(path, memories, pieces)
  return progress.during({ total = memories, label = "exporting", unit = "memories" }, function(bar)
    return files.write(path, function()
      bar:step()
      return pieces()
    end)
  end)
end

local floats = { "strength", "confidence", "floor", "tau_s", "beta" }

local function line_of(p, id, dim)
  local item = record.item(p, id)
  for _, name in ipairs(floats) do item[name] = digits.of_float(item[name]) end
  item.vector = record.vector(p, id, dim)
  local links, n = record.read_links(p, id)
  for i = 0, n - 1 do
    item.links = item.links or {}
    item.links[i + 1] = { to = tonumber(links[i].target), weight = digits.of_float(links[i].weight),
      class = links[i].edge_class }
  end
  return json.encode(item) .. "\n"
end

local function export_lines(memory, p, path)
  local dim, each = info_of(p).dim, memory:each()
  return write(path, #memory, function()
    local id = each()
    return id and line_of(p, id, dim)
  end)
end

-- Rows are numbered from 0, in slot order, and links name their numbers.
local function export_links(memory, p, path)
  local rows, n = {}, 0
  for id in memory:each() do
    rows[id], n = n, n + 1
  end
  local each, header = memory:each(), "source\ttarget\tweight\tclass\n"
  return write(path, n, function()
    if header then
      local first = header
      header = nil
      return first
    end
    local id = each()
    if not id then return nil end
    local links, count = record.read_links(p, id)
    local lines = {}
    for i = 0, count - 1 do
      lines[i + 1] = ("%d\t%d\t%.9g\t%d\n"):format(rows[id], rows[tonumber(links[i].target)],
        links[i].weight, links[i].edge_class)
    end
    return table.concat(lines)
  end)
end

-- exchange.export(memory, p, where, fname)
function exchange.export(memory, p, where, fname)
  if type(where) == "string" then return export_lines(memory, p, where) end
  check.arg(type(where) == "table", fname, 1, "a path, or { rows = path, links = path }", where)
  local o = check.options(where, { rows = check.none, links = check.none }, fname)
  path_of(o.rows, fname, "rows")
  if o.links ~= nil then path_of(o.links, fname, "links") end
  local status = C.engram_bank_save(C.engram_memory_bank(p), o.rows, 1)
  if status ~= 0 then return nil, check.failure(status, o.rows) end
  if o.links then return export_links(memory, p, o.links) end
  return true
end

-- ---- in

local line_known = record.known "id links"
line_known.pinned, line_known.pin = line_known.pin, nil
local link_known = { to = true, weight = true, class = true }

local function is_name(x) return type(x) == "number" or type(x) == "string" end

-- What is wrong with the links of a line, if anything is.
local function wrong_links(links)
  if not check.list(links) then return "'links': a list expected" end
  for i = 1, #links do
    local link = links[i]
    for name in pairs(type(link) == "table" and link or {}) do
      if not link_known[name] then return ("'links': '%s' is unknown at %d"):format(name, i) end
    end
    if type(link) ~= "table" or not is_name(link.to)
      or not (link.weight == nil or check.finite(link.weight))
      or not (link.class == nil or record.is_class(link.class)) then
      return ("'links': { to, weight, class } expected at %d"):format(i)
    end
  end
end

-- What is wrong with a line as a whole.
local function wrong_line(item, dim)
  if type(item) ~= "table" then return "an object expected" end
  for name in pairs(item) do
    if not line_known[name] then return ("'%s' is unknown"):format(name) end
  end
  if item.id ~= nil and not is_name(item.id) then return "'id': a number or a string expected" end
  if item.pinned ~= nil and type(item.pinned) ~= "boolean" then
    return "'pinned': true or false expected"
  end
  local name, expected = record.wrong(item, dim)
  if name then return ("'%s': %s expected"):format(name, expected) end
  return item.links ~= nil and wrong_links(item.links) or nil
end

local function last_message() return ffi.string(C.engram_last_message()) end

-- Remembers what one line says: its new id, or nil and what is wrong. It was last touched when it
-- was last recalled, unless the caller has a time for all.
local function take_line(p, item, now)
  local at = now or math.max(item.created or -math.huge, item.last_recall or -math.huge, now_of(p))
  item.pin, item.pinned = item.pinned, nil
  local r, wrong = record.fill(item, 0)
  if not r then return nil, "'meta': " .. wrong end
  if C.engram_memory_remember(p, r, nil, at, remembered) ~= 0 then
    return nil, last_message()
  end
  return tonumber(remembered.id)
end

local function take_links(p, source, links, ids, now)
  local array
  for i, link in ipairs(links) do
    local target = ids[link.to]
    if not target then return ("no line has the id %s"):format(tostring(link.to)) end
    array = record.put_link(i - 1, source, target, link.weight, link.class)
  end
  if C.engram_memory_link(p, array, #links, now or now_of(p)) ~= 0 then return last_message() end
end

-- Remembers all lines; links wait until all are there that they may lead to.
local function take_lines(bar, p, file, path, now, waiting)
  local dim, ids, number, count = info_of(p).dim, {}, 0, 0
  while true do
    local line, reason = file:read()
    if not line then
      if reason then return files.failed(path, ("%s: %s"):format(path, reason)) end
      return count, ids
    end
    number = number + 1
    bar:step(#line + 1)
    if line:find "%S" then
      local item, wrong = json.decode(line)
      wrong = item == nil and wrong or wrong_line(item, dim)
      if not wrong and item.id ~= nil and ids[item.id] then wrong = "its id came before" end
      local id
      if not wrong then id, wrong = take_line(p, item, now) end
      if wrong then return files.malformed(path, number, wrong) end
      count = count + 1
      if item.id ~= nil then ids[item.id] = id end
      if item.links then waiting[#waiting + 1] = { id, item.links, number } end
    end
  end
end

local function import_lines(p, path, now)
  local file, reason = io.open(path, "rb")
  if not file then return files.failed(path, reason) end
  local bytes, waiting = file:seek "end", {}
  file:seek "set"
  local count, ids = progress.during({ total = check.count(bytes) and bytes or nil,
    label = "importing", unit = "bytes" }, take_lines, p, file, path, now, waiting)
  file:close()
  if not count then return nil, ids end
  for _, entry in ipairs(waiting) do
    local wrong = take_links(p, entry[1], entry[2], ids, now)
    if wrong then return files.malformed(path, entry[3], wrong) end
  end
  return count, ids
end

local rows_known = record.known "rows links now"
rows_known.vector = nil
local graph_view = ffi.new "struct engram_graph_view"

-- Remembers the rows of a file, all with the fields that `o` has: how many, and their ids by
-- number.
local function take_rows(p, o, path, now)
  local from, failure = bank.open(path)
  if not from then return nil, failure end
  local v, ids = bank.view(from), {}
  local rows, dim, n = v.rows, v.dim, v.count
  if dim ~= info_of(p).dim then
    return nil, check.failure(C.ENGRAM_EDIM, path,
      ("%s: rows of %d columns, expected %d"):format(path, dim, info.dim))
  end
  local r, wrong = record.fill(o, 0)
  if not r then check.raise("bad argument 'meta' to 'memory:import' (%s)", wrong) end
  r.fields = bit.bor(r.fields, C.ENGRAM_VECTOR)
  local count
  count, failure = progress.during({ total = n, label = "importing", unit = "memories" },
    function(bar)
      for i = 0, n - 1 do
        r.vector = rows + i * dim
        local status = C.engram_memory_remember(p, r, nil, now, remembered)
        if status ~= 0 then
          return nil, check.failure(status, path,
            ("%s: row %d: %s"):format(path, i, last_message()))
        end
        ids[i] = tonumber(remembered.id)
        bar:step()
      end
      return n
    end)
  from:free()
  return count, count and ids or failure
end

local AT_ONCE = 4096

-- Links between them, by their numbers, as an edge list has them.
local function take_edges(p, ids, n, path, now)
  local g, failure = graph.open(path, { nodes = "ids" })
  if not g then return nil, failure end
  local function refuse(reason, ...)
    return nil, check.failure(C.ENGRAM_EFORMAT, path, path .. ": " .. reason:format(...))
  end
  if g.nodes > n then return refuse("row %d is linked, of %d", g.nodes - 1, n) end
  C.engram_graph_get(graph.pointer(g), graph_view)
  local view, waiting = graph_view, 0
  local function take(bar)
    for source = 0, g.nodes - 1 do
      for e = view.offsets[source], view.offsets[source + 1] - 1 do
        local target, weight = view.targets[e], view.weights[e]
        if not (weight >= 0 and weight <= 1) then
          return refuse("the weight from %d to %d is %g, expected 0 .. 1", source, target, weight)
        end
        local links = record.put_link(waiting, ids[source], ids[target], weight,
          view.classes ~= nil and view.classes[e] or 0)
        waiting = waiting + 1
        if waiting == AT_ONCE or e + 1 == view.edges then
          local status = C.engram_memory_link(p, links, waiting, now)
          if status ~= 0 then return nil, check.failure(status, path) end
          bar:step(waiting)
          waiting = 0
        end
      end
    end
    g:free()
    return n, ids
  end
  return progress.during({ total = tonumber(view.edges), label = "linking", unit = "links" }, take)
end

local function import_rows(p, o, now)
  local n, ids = take_rows(p, o, o.rows, now)
  if n and o.links then n, ids = take_edges(p, ids, n, o.links, now) end
  return n, ids
end

-- All or nothing: calls take(p, ..., now) -> count, ids, or nil and a failure, under a mark.
local mark_out = ffi.new "uint64_t[1]"

local function under_mark(p, take, what, now)
  check.status(C.engram_memory_mark(p, mark_out))
  local mark = mark_out[0]
  local ran, count, ids = pcall(take, p, what, now)
  if not (ran and count) then check.status(C.engram_memory_rollback(p, mark)) end
  check.status(C.engram_memory_release(p, mark))
  if not ran then error(count, 0) end
  return count, ids
end

local function time_of(now, fname)
  check.arg(now == nil or check.finite(now), fname, "now", "a time in seconds", now)
  return now
end

-- exchange.import(p, where, options, fname) -> count and ids, or nil and a failure
function exchange.import(p, where, options, fname)
  if type(where) == "string" then
    local o = check.options(options, { now = check.none }, fname)
    return under_mark(p, import_lines, where, time_of(o.now, fname))
  end
  check.arg(type(where) == "table", fname, 1, "a path, or { rows = path, links = path, ... }",
    where)
  local o = check.options(where, rows_known, fname)
  path_of(o.rows, fname, "rows")
  if o.links ~= nil then path_of(o.links, fname, "links") end
  local name, expected = record.wrong(o, 0)
  if name then check.arg(false, fname, name, expected, o[name]) end
  return under_mark(p, import_rows, o, time_of(o.now, fname) or now_of(p))
end

return exchange
