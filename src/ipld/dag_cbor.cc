#include "ipld/dag_cbor.h"

#include <bit>
#include <cmath>

#include "util/text.h"

namespace eai::ipld {
namespace {

constexpr std::uint8_t k_positive = 0, k_negative = 1, k_bytes = 2, k_text = 3, k_list = 4, k_map = 5, k_tag = 6;
constexpr std::uint8_t k_false = 20, k_true = 21, k_null = 22, k_double = 27;
constexpr std::uint64_t k_link_tag = 42;

Failure not_dag_cbor(const std::string& why) { return fail(Code::invalid, "not DAG-CBOR: " + why); }

std::string_view name_of(CborKind kind) {
  switch (kind) {
    case CborKind::positive:
      return "a positive number";
    case CborKind::negative:
      return "a negative number";
    case CborKind::bytes:
      return "bytes";
    case CborKind::text:
      return "text";
    case CborKind::list:
      return "a list";
    case CborKind::map:
      return "a map";
    case CborKind::link:
      return "a link";
    case CborKind::boolean:
      return "true or false";
    case CborKind::null:
      return "null";
    case CborKind::real:
      return "a float";
  }
  return "";
}

void append_number(Bytes& out, std::uint8_t major, std::uint64_t number) {
  const auto first = static_cast<std::uint8_t>(major << 5);
  if (number < 24) {
    out.push_back(static_cast<std::uint8_t>(first | number));
    return;
  }
  int log = 0;  // the width is 1 << log bytes
  while (log < 3 && number >> (8U << log) != 0) ++log;
  out.push_back(static_cast<std::uint8_t>(first | (24 + log)));
  for (int i = (1 << log) - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

// Whether `index` is written as a list's index is; it may still be beyond the end.
std::optional<std::uint64_t> index_of(std::string_view segment) {
  if (segment.size() > 1 && segment[0] == '0') return std::nullopt;
  return parse_u64(segment);
}

// The reader stands behind the head of a list or map; it is moved to the value of this segment. False: it has none.
Result<bool> descend(DagCborReader& reader, const CborItem& in, std::string_view segment) {
  if (in.kind == CborKind::list) {
    const auto index = index_of(segment);
    if (!index || *index >= in.number) return false;
    for (std::uint64_t i = 0; i < *index; ++i) EAI_CHECK(reader.skip());
    return true;
  }
  if (in.kind != CborKind::map) return false;
  for (std::uint64_t i = 0; i < in.number; ++i) {
    EAI_TRY(const CborItem key, reader.next());
    if (text_of(key.bytes) == segment) return true;
    EAI_CHECK(reader.skip());
  }
  return false;
}

}  // namespace

Result<std::uint64_t> DagCborReader::take_number(std::uint8_t low) {
  if (low < 24) return low;
  if (low > 27) return not_dag_cbor("a length is left open");
  EAI_TRY(const ByteView bytes, take_bytes(1ULL << (low - 24)));
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  const bool is_shortest = low == 24 ? number >= 24 : number >> (4 * bytes.size()) != 0;
  if (!is_shortest) return not_dag_cbor("a number is not in its shortest form");
  return number;
}

Result<ByteView> DagCborReader::take_bytes(std::uint64_t size) {
  if (size > rest_.size()) return not_dag_cbor("it is cut off");
  const ByteView bytes = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(bytes.size());
  return bytes;
}

Result<CborItem> DagCborReader::take_simple(std::uint8_t low) {
  if (low == k_false || low == k_true) return CborItem{CborKind::boolean, low == k_true ? 1U : 0U, {}};
  if (low == k_null) return CborItem{CborKind::null, 0, {}};
  if (low != k_double) return not_dag_cbor("a simple value or a float of another kind than those that are allowed");
  EAI_TRY(const ByteView bytes, take_bytes(8));
  CborItem item{CborKind::real, 0, {}};
  for (const std::uint8_t byte : bytes) item.number = item.number << 8 | byte;
  if (!std::isfinite(std::bit_cast<double>(item.number))) return not_dag_cbor("a float is not finite");
  return item;
}

Result<CborItem> DagCborReader::take() {
  EAI_TRY(const ByteView first, take_bytes(1));
  const auto major = static_cast<std::uint8_t>(first[0] >> 5);
  const auto low = static_cast<std::uint8_t>(first[0] & 31U);
  if (major > k_tag) return take_simple(low);
  CborItem item;
  EAI_TRY(item.number, take_number(low));
  switch (major) {
    case k_positive:
      item.kind = CborKind::positive;
      return item;
    case k_negative:
      item.kind = CborKind::negative;
      return item;
    case k_bytes:
    case k_text: {
      item.kind = major == k_bytes ? CborKind::bytes : CborKind::text;
      EAI_TRY(item.bytes, take_bytes(item.number));
      return item;
    }
    case k_list:
    case k_map:
      item.kind = major == k_list ? CborKind::list : CborKind::map;
      // Each item has at least one byte.
      if (item.number > rest_.size() / (major == k_list ? 1 : 2)) return not_dag_cbor("it is cut off");
      return item;
    default:
      break;
  }
  if (item.number != k_link_tag)
    return not_dag_cbor("the tag " + std::to_string(item.number) + " is not that of a link");
  EAI_TRY(const ByteView head, take_bytes(1));
  if (head[0] >> 5 != k_bytes) return not_dag_cbor("a link is not made of bytes");
  EAI_TRY(const std::uint64_t size, take_number(head[0] & 31U));
  EAI_TRY(item.bytes, take_bytes(size));
  if (item.bytes.empty() || item.bytes[0] != 0) return not_dag_cbor("a link does not begin with a zero byte");
  item.bytes = item.bytes.subspan(1);
  item.kind = CborKind::link;
  // What cid_of() would refuse makes the whole block wrong.
  EAI_CHECK(cid_of(item));
  return item;
}

Result<void> DagCborReader::check_key(Open& map, const CborItem& key) const {
  if (key.kind != CborKind::text) return not_dag_cbor("a map has a key that is not text");
  const std::string_view text = text_of(key.bytes);
  if (map.last_key) {
    const std::string_view last = *map.last_key;
    const bool in_order = last.size() != text.size() ? last.size() < text.size() : last < text;
    if (!in_order) return not_dag_cbor("a map has keys that repeat or are out of order");
  }
  map.last_key = text;
  return {};
}

Result<CborItem> DagCborReader::next() {
  if (done()) return not_dag_cbor("more is expected than there is");
  EAI_TRY(CborItem item, take());
  began_ = true;
  if (!open_.empty()) {
    Open& parent = open_.back();
    if (parent.is_map && parent.left % 2 == 0) EAI_CHECK(check_key(parent, item));
    --parent.left;
  }
  if (item.kind == CborKind::list || item.kind == CborKind::map) {
    if (open_.size() == k_cbor_depth_limit) return not_dag_cbor("it is nested deeper than 32 levels");
    const bool is_map = item.kind == CborKind::map;
    open_.push_back({is_map ? 2 * item.number : item.number, is_map, std::nullopt});
  }
  while (!open_.empty() && open_.back().left == 0) open_.pop_back();
  return item;
}

Result<CborItem> DagCborReader::next(CborKind kind) {
  EAI_TRY(CborItem item, next());
  if (item.kind == kind) return item;
  return fail(Code::invalid,
              "it has " + std::string(name_of(item.kind)) + " in the place of " + std::string(name_of(kind)));
}

Result<void> DagCborReader::skip() {
  const std::size_t depth = open_.size();
  EAI_CHECK(next());
  while (open_.size() > depth) EAI_CHECK(next());
  return {};
}

Result<void> DagCborReader::finish() {
  while (!done()) EAI_CHECK(next());
  if (!rest_.empty()) return not_dag_cbor(std::to_string(rest_.size()) + " bytes follow its value");
  return {};
}

Result<Cid> cid_of(const CborItem& link) {
  auto cid = Cid::from_bytes(link.bytes);
  if (!cid) return Failure(std::move(cid).error().with("not DAG-CBOR: a link is not a CID"));
  return cid;
}

Result<std::vector<Cid>> dag_cbor_links(ByteView block) {
  DagCborReader reader(block);
  std::vector<Cid> links;
  while (!reader.done()) {
    EAI_TRY(const CborItem item, reader.next());
    if (item.kind != CborKind::link) continue;
    EAI_TRY(Cid cid, cid_of(item));
    links.push_back(std::move(cid));
  }
  EAI_CHECK(reader.finish());
  return links;
}

Result<CborPlace> follow_dag_cbor(ByteView block, std::span<const std::string> path) {
  DagCborReader reader(block);
  CborPlace place;
  while (!place.link && place.value.empty()) {
    const ByteView at = reader.rest();
    EAI_TRY(const CborItem item, reader.next());
    if (item.kind == CborKind::link) {
      EAI_TRY(place.link, cid_of(item));
    } else if (place.used == path.size()) {
      DagCborReader value(at);
      EAI_CHECK(value.skip());
      place.value = at.first(at.size() - value.rest().size());
    } else {
      EAI_TRY(const bool found, descend(reader, item, path[place.used]));
      if (!found) {
        EAI_CHECK(reader.finish());
        return fail(Code::not_found, "\"" + printable(path[place.used]) + "\" does not exist there");
      }
      ++place.used;
    }
  }
  EAI_CHECK(reader.finish());
  return place;
}

void append_cbor_head(Bytes& out, CborKind kind, std::uint64_t number) {
  const std::uint8_t major = kind == CborKind::negative ? k_negative
                             : kind == CborKind::list   ? k_list
                             : kind == CborKind::map    ? k_map
                                                        : k_positive;
  append_number(out, major, number);
}

void append_cbor_bytes(Bytes& out, ByteView bytes) {
  append_number(out, k_bytes, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_cbor_text(Bytes& out, std::string_view text) {
  append_number(out, k_text, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

void append_cbor_link(Bytes& out, const Cid& cid) {
  Bytes bytes = cid.bytes();
  bytes.insert(bytes.begin(), 0);
  append_number(out, k_tag, k_link_tag);
  append_cbor_bytes(out, bytes);
}

}  // namespace eai::ipld
