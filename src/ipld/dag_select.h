// Why: whoever asks a Trustless Gateway for a CAR names a root, a path and how much of what lies at its end is wanted.
// The walk says which blocks answer that, one after the other, and is told what is in those that lead to others.
// Thread: one at a time. There is no I/O.
// What holds: the blocks come depth first, children in the order of their parent's links and right after it; first the
// blocks of the path, then what lies at its end (the terminus). A block that lies in its CID (identity) is looked into
// but never handed out. Symbolic links are handed out and never followed. What nobody here can read (json, cbor, an
// unknown codec) is handed out as a leaf.
// Bounds: a path has at most 32 segments and 4 KiB; below the terminus the depth is at most 32. The walk keeps the links
// of the blocks between the terminus and the current one, and with Duplicates::no also 16 bytes for each block handed
// out and the links of at most 32 blocks at the beginning of a range. With Duplicates::yes a small DAG that links to one
// child many times makes a long answer, which the caller has to bound.
// Source: the Trustless Gateway specification: dag-scope, entity-bytes, dups and order=dfs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ipld/cid.h"
#include "ipld/directory.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

enum class DagScope {
  block,   // the terminus alone
  entity,  // and what it takes to read it as a file or to list it as a folder; of anything else the terminus alone
  all,     // and all that it links to
};

// Which bytes of a file are wanted. Of anything else than a file this means nothing.
struct EntityBytes {
  std::int64_t from = 0;           // a negative number counts from the end
  std::optional<std::int64_t> to;  // the last byte, which is included; nothing: the end
  bool operator==(const EntityBytes&) const = default;
};
// "from:to" or "from:*". Code::invalid says what is wrong. A range without any bytes is not wrong.
Result<EntityBytes> parse_entity_bytes(std::string_view text);

enum class Duplicates { no, yes };

struct Selection {
  Cid root;
  std::vector<std::string> path;  // raw bytes, decoded
  DagScope scope = DagScope::all;
  std::optional<EntityBytes> bytes = {};  // turns the scope `all` into `entity`
  Duplicates duplicates = Duplicates::no;
};

class DagWalk {
 public:
  static constexpr std::size_t k_most_segments = 32, k_most_path_bytes = 4 * k_kib;
  static constexpr int k_most_depth = 32;

  // Code::invalid if the path is too long, or leads through a block that contains no others.
  static Result<DagWalk> begin(Selection selection);

  struct Step {
    Cid cid;
    bool needs_bytes = false;  // give() has to be called before the next next()
    bool on_path = false;      // it leads to the terminus
    // It is the terminus. A DAG-CBOR block inside which the path ends is only known to be it when it was given.
    bool is_terminus = false;
  };
  // The next block of the answer; nothing: the answer is whole. Fails as give() does.
  Result<std::optional<Step>> next();

  // The bytes of the block that was handed out last, proven against its CID. After an error the walk is over.
  // Code::not_found: a segment of the path does not exist; the error says which. Code::invalid: it cannot be walked as
  // asked, because the path leads through a file, a folder or a file is malformed, or it is too deep.
  Result<void> give(ByteView block);

  // The terminus is known: the path exists. It may not have been handed out yet.
  bool path_done() const { return path_done_; }
  // The root, and what each segment led to that was followed so far; the last one is the terminus once path_done(). A
  // segment inside of a DAG-CBOR block leads to no other block.
  const std::vector<Cid>& roots() const { return roots_; }

 private:
  enum class Role : std::uint8_t { path, shard_of_path, terminus, any, file, shard };
  // A block and what it is for.
  struct Work {
    Cid cid;
    Role role = Role::any;
    int depth = 0;                     // below the terminus; of a shard of the path its level
    std::uint64_t fanout = 0;          // shards: of the shard above
    std::uint64_t size = 0;            // files: what its parent says
    std::optional<ByteRange> range{};  // files: what is wanted of it; nothing: all
  };
  // The links of an open block that are still to come: for each a varint (the size, of a file's part) and its CID.
  struct Frame {
    Bytes links;
    std::size_t at = 0;
    Role role = Role::any;  // of the children
    int depth = 0;          // of the children
    std::uint64_t fanout = 0, offset = 0;
    std::optional<ByteRange> range{};
  };
  using Key = std::array<std::uint8_t, 16>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  static Key key_of(const Cid& cid);

  explicit DagWalk(Selection selection);
  std::optional<Work> take_work();
  std::optional<Work> take_child(Frame& frame) const;
  bool needs_bytes(const Work& work) const;
  Result<bool> was_given(const Work& work);
  Result<void> open(const Work& work, ByteView block);
  Result<void> follow(Cid next);
  Result<void> open_path(const Work& work, ByteView block);
  Result<void> open_cbor_path(ByteView block);
  Result<void> look_up(const DirectoryNode& node);
  Result<void> open_terminus(const Work& work, ByteView block);
  Result<void> open_any(const Work& work, ByteView block);
  Result<void> open_file(const Work& work, ByteView block);
  Result<void> open_shard(const Work& work, DirectoryNode node);
  Result<void> push(Frame frame);
  std::span<const std::string> segments_left() const;
  std::string said_path() const;  // up to the current segment, for messages

  Selection selection_;
  std::size_t segment_ = 0;  // the one that is looked for
  int cbor_hops_ = 0;
  std::vector<Cid> roots_;
  bool path_done_ = false;
  std::optional<Work> at_;       // on the path and at its end: what comes next
  std::optional<Work> pending_;  // handed out, and give() is waited for
  std::optional<Error> fault_;
  std::vector<Frame> open_;
  std::unordered_set<Key, KeyHash> given_;           // Duplicates::no
  std::unordered_map<Key, Frame, KeyHash> in_part_;  // of these, the files of which not all was handed out
};

}  // namespace eai::ipld
