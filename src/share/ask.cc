#include "share/ask.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/target.h"
#include "util/text.h"

namespace eai::share {
namespace {

constexpr std::size_t k_segments = 32, k_path_bytes = 4096, k_filename_bytes = 128;

Refusal wrong(std::string why) { return {400, std::move(why)}; }
tl::unexpected<Refusal> refused(int status, std::string why) {
  return tl::unexpected<Refusal>(Refusal{status, std::move(why)});
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts off and returns what comes before the next separator.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

// A field of the query; the first one counts if it stands there twice. Nothing: it is absent.
std::optional<std::string> field(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view item = take(query, '&');
    if (take(item, '=') != name) continue;
    std::string value(item);
    std::ranges::replace(value, '+', ' ');
    return http::decoded(value);
  }
  return std::nullopt;
}

// What the parameters of a media type, or their namesakes in the query, say of a CAR.
struct CarWish {
  std::string version, order, dups;
};

bool can_be_met(const CarWish& wish) {
  const auto is_one_of = [](const std::string& value, std::initializer_list<std::string_view> known) {
    return value.empty() || std::ranges::find(known, std::string_view(value)) != known.end();
  };
  // A walk in depth-first order is also one in unknown order.
  return is_one_of(wish.version, {"1"}) && is_one_of(wish.order, {"dfs", "unk"}) && is_one_of(wish.dups, {"y", "n"});
}

struct Wanted {
  std::optional<Form> form;  // none: it wants something that nobody gives here
  CarWish car;
  double quality = 1;
};

Wanted read_media_range(std::string_view item) {
  Wanted out;
  const std::string type = lower(trimmed(take(item, ';')));
  while (!item.empty()) {
    std::string_view parameter = item;
    parameter = take(item, ';');
    const std::string name = lower(trimmed(take(parameter, '=')));
    std::string_view value = trimmed(parameter);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (name == "version") out.car.version = value;
    if (name == "order") out.car.order = lower(value);
    if (name == "dups") out.car.dups = lower(value);
    if (name == "q") std::from_chars(value.data(), value.data() + value.size(), out.quality);
  }
  if (type == "application/vnd.ipld.raw") out.form = Form::raw;
  if (type == "application/vnd.ipld.car" && can_be_met(out.car)) out.form = Form::car;
  if (type == "application/vnd.ipfs.ipns-record") out.form = Form::record;
  if (type == "application/octet-stream" || type == "*/*" || type == "application/*") out.form = Form::file;
  return out;
}

// The best of what an Accept header asks for; the first of equals. Nothing: it asks for nothing that is given here.
std::optional<Wanted> best_of(std::string_view header) {
  std::optional<Wanted> best;
  while (!header.empty()) {
    Wanted next = read_media_range(take(header, ','));
    if (next.form && next.quality > 0 && (!best || next.quality > best->quality)) best = std::move(next);
  }
  return best;
}

// What an Accept header says of CARs, where the query has chosen that form.
CarWish car_wish_of(std::string_view header) {
  while (!header.empty()) {
    const std::string_view item = take(header, ',');
    if (!lower(trimmed(item)).starts_with("application/vnd.ipld.car")) continue;
    return read_media_range(item).car;
  }
  return {};
}

std::optional<Refusal> read_format(const http::Incoming& request, Ask& ask, CarWish& wish) {
  const std::string_view accept = request.header("accept");
  const auto format = field(request.query(), "format");
  if (!format || format->empty()) {
    ask.any_form = trimmed(accept).empty();
    if (ask.any_form) return std::nullopt;
    auto best = best_of(accept);
    if (!best)
      return Refusal{406, "only raw blocks, CARs in depth-first order, whole files and IPNS records are given here"};
    ask.form = *best->form;
    ask.by_accept = ask.form != Form::file;
    wish = best->car;
    return std::nullopt;
  }
  if (*format == "raw") {
    ask.form = Form::raw;
  } else if (*format == "car") {
    ask.form = Form::car;
    wish = car_wish_of(accept);
  } else if (*format == "ipns-record") {
    ask.form = Form::record;
  } else {
    return Refusal{406, "the format \"" + printable(*format, 40) + "\" is not given here; ask for raw or car"};
  }
  return std::nullopt;
}

std::optional<Refusal> read_car(const http::Incoming& request, Ask& ask, CarWish wish) {
  const std::string_view query = request.query();
  if (auto version = field(query, "car-version")) wish.version = *std::move(version);
  if (auto order = field(query, "car-order")) wish.order = *std::move(order);
  if (auto dups = field(query, "car-dups")) wish.dups = *std::move(dups);
  if (!can_be_met(wish)) return wrong("only CARs of version 1, with order dfs and dups y or n, are given here");
  ask.duplicates = wish.dups == "y" ? ipld::Duplicates::yes : ipld::Duplicates::no;
  if (const auto scope = field(query, "dag-scope"); scope && !scope->empty()) {
    if (*scope != "block" && *scope != "entity" && *scope != "all")
      return wrong("dag-scope is block, entity or all, not \"" + printable(*scope, 40) + "\"");
    if (*scope == "block") ask.scope = ipld::DagScope::block;
    if (*scope == "entity") ask.scope = ipld::DagScope::entity;
  }
  if (const auto bytes = field(query, "entity-bytes"); bytes && !bytes->empty()) {
    auto range = ipld::parse_entity_bytes(*bytes);
    if (!range) return wrong(range.error().message);
    ask.bytes = *range;
    ask.scope = ipld::DagScope::entity;
  }
  return std::nullopt;
}

std::optional<Refusal> read_path(std::string_view path, Ask& ask) {
  ask.named = std::string(path);
  take(path, '/');  // the root
  if (path.size() > k_path_bytes) return Refusal{414, "the path is longer than 4096 bytes"};
  while (!path.empty()) {
    std::string segment = http::decoded(take(path, '/'));
    if (segment == "." || segment == ".." || segment.find('\0') != segment.npos || segment.find('/') != segment.npos)
      return wrong("a path has no segments \".\" and \"..\", and no NUL or slash inside of a segment");
    ask.path.push_back(std::move(segment));
    if (ask.path.size() > k_segments) return Refusal{414, "the path has more than 32 segments"};
  }
  return std::nullopt;
}

Result<Ask> read_root(std::string_view text, bool is_name) {
  if (!is_name) {
    EAI_TRY(ipld::Cid cid, ipld::Cid::parse(text));
    return Ask{.root = std::move(cid)};
  }
  EAI_TRY(const ipld::IpnsName name, ipld::IpnsName::parse(text));
  return Ask{.root = name.cid(), .name = name};
}

}  // namespace

tl::expected<Ask, Refusal> read_ask(const http::Incoming& request) {
  std::string_view rest = request.path();
  const bool is_name = rest.starts_with("/ipns/");
  rest.remove_prefix(std::min<std::size_t>(6, rest.size()));
  const std::string root(rest.substr(0, rest.find('/')));
  auto begun = read_root(root, is_name);
  if (!begun) return refused(400, "\"" + printable(root, 80) + "\": " + begun.error().message);
  Ask ask = *std::move(begun);
  CarWish wish;
  auto wrong_part = read_path(rest, ask);
  if (!wrong_part) wrong_part = read_format(request, ask, wish);
  if (!wrong_part && ask.form == Form::car) wrong_part = read_car(request, ask, std::move(wish));
  if (wrong_part) return tl::unexpected<Refusal>(*std::move(wrong_part));
  if (is_name != (ask.form == Form::record) || (is_name && !ask.path.empty()))
    return refused(406, is_name ? "of a name only its record is given here; ask for format=ipns-record"
                                : "a record belongs to a name: /ipns/<name>");
  ask.filename = field(request.query(), "filename").value_or("").substr(0, k_filename_bytes);
  ask.query = std::string(request.query());
  ask.only_if_cached = lower(request.header("cache-control")).find("only-if-cached") != std::string::npos;
  return ask;
}

WantedRange read_range(std::string_view header, std::uint64_t size) {
  using Kind = WantedRange::Kind;
  header = trimmed(header);
  if (!lower(header).starts_with("bytes=")) return {};
  header.remove_prefix(6);
  const std::size_t dash = header.find('-');
  if (dash == header.npos || header.find(',') != header.npos) return {};
  const std::string_view from = trimmed(header.substr(0, dash)), to = trimmed(header.substr(dash + 1));
  const auto first = parse_u64(from), last = parse_u64(to);
  if ((!from.empty() && !first) || (!to.empty() && !last) || (from.empty() && to.empty())) return {};
  if (from.empty()) {
    if (*last == 0 || size == 0) return {Kind::none_such, {}};
    return {Kind::part, {size - std::min(*last, size), size}};
  }
  if (last && *last < *first) return {};
  if (*first >= size) return {Kind::none_such, {}};
  return {Kind::part, {*first, last ? std::min(*last, size - 1) + 1 : size}};
}

bool names_tag(std::string_view header, std::string_view tag) {
  if (trimmed(header) == "*") return true;
  const auto opaque = [](std::string_view text) {
    text = trimmed(text);
    return text.starts_with("W/") ? text.substr(2) : text;
  };
  while (!header.empty())
    if (opaque(take(header, ',')) == opaque(tag)) return true;
  return false;
}

}  // namespace eai::share
