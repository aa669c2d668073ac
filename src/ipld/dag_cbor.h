// Why: the header of a CAR, the signed part of an IPNS record and linked documents are all written in DAG-CBOR, and one
// strict reader takes them.
// Thread: any; a DagCborReader belongs to one thread.
// What holds: the reader builds no tree, so it uses no memory for what it passes over. It refuses what has two ways to
// be written: numbers and lengths that are not in their shortest form, map keys that are not strings, repeat or are out
// of order, lengths that are left open, tags other than 42, floats that are not of 64 bits or not finite, and simple
// values other than false, true and null. It refuses nesting deeper than 32. It does not check that text is UTF-8.
// Source: the DAG-CBOR specification of IPLD: RFC 8949 with map keys sorted by length, then by bytes. A link is tag 42
// around the bytes of a CID behind a zero byte.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

inline constexpr std::size_t k_cbor_depth_limit = 32;

enum class CborKind : std::uint8_t { positive, negative, bytes, text, list, map, link, boolean, null, real };

// One value, or the beginning of a list or map, whose items follow.
struct CborItem {
  CborKind kind = CborKind::null;
  // An integer (of a negative one -1 - number is the value), the number of a list's items or a map's pairs, 0 or 1 for
  // a boolean, the bits of a float.
  std::uint64_t number = 0;
  ByteView bytes;  // bytes and text; of a link the CID's binary form
};

class DagCborReader {
 public:
  explicit DagCborReader(ByteView block) : rest_(block) {}
  // The next item. In a map, keys and values come in turns. Code::invalid says what is wrong, as for all that follows.
  Result<CborItem> next();
  // The same, if it is of this kind.
  Result<CborItem> next(CborKind kind);
  // Passes over the next item and all that is in it.
  Result<void> skip();
  // Passes over all that is left. Nothing may follow the one value that a block consists of.
  Result<void> finish();
  bool done() const { return began_ && open_.empty(); }
  ByteView rest() const { return rest_; }

 private:
  struct Open {
    std::uint64_t left = 0;  // items; in a map, a key comes next while this is even
    bool is_map = false;
    std::optional<std::string_view> last_key;
  };
  Result<CborItem> take();
  Result<CborItem> take_simple(std::uint8_t low);
  Result<std::uint64_t> take_number(std::uint8_t low);
  Result<ByteView> take_bytes(std::uint64_t size);
  Result<void> check_key(Open& map, const CborItem& key) const;

  ByteView rest_;
  std::vector<Open> open_;
  bool began_ = false;
};

// The CID of an item of kind link.
Result<Cid> cid_of(const CborItem& link);

// All links in the order of the block, those that repeat too.
Result<std::vector<Cid>> dag_cbor_links(ByteView block);

// Where a path leads inside one block.
struct CborPlace {
  std::size_t used = 0;     // segments; all of them if the path ends here
  std::optional<Cid> link;  // it goes on, or ends, at this block
  ByteView value;           // without a link: the value at the path's end, a part of the block
};
// A segment is a map's key or an index of a list, "0" and up. Code::not_found says which segment does not exist.
Result<CborPlace> follow_dag_cbor(ByteView block, std::span<const std::string> path);

// Writers. Who writes a map has to write its keys in order.
void append_cbor_head(Bytes& out, CborKind kind, std::uint64_t number);  // positive, negative, list or map
void append_cbor_bytes(Bytes& out, ByteView bytes);
void append_cbor_text(Bytes& out, std::string_view text);
void append_cbor_link(Bytes& out, const Cid& cid);

}  // namespace eai::ipld
