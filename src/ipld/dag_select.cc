#include "ipld/dag_select.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "ipld/dag_cbor.h"
#include "ipld/hash.h"
#include "ipld/unixfs.h"
#include "ipld/varint.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

// Blocks that are nothing but a link to the next one.
constexpr int k_most_hops = 32;

bool has_links(Codec codec) { return codec == Codec::dag_pb || codec == Codec::dag_cbor; }

std::optional<std::int64_t> parse_offset(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// How far a negative number reaches back.
std::uint64_t back(std::int64_t value) { return 0 - static_cast<std::uint64_t>(value); }

// What is asked for of a file of this size; empty if that is nothing.
ByteRange range_of(const EntityBytes& bytes, std::uint64_t size) {
  ByteRange range{0, size};
  if (bytes.from >= 0) {
    range.begin = static_cast<std::uint64_t>(bytes.from);
  } else if (back(bytes.from) < size) {
    range.begin = size - back(bytes.from);
  }
  if (bytes.to && *bytes.to >= 0) {
    range.end = std::min(size, static_cast<std::uint64_t>(*bytes.to) + 1);
  } else if (bytes.to) {
    range.end = back(*bytes.to) > size ? 0 : size - back(*bytes.to) + 1;
  }
  range.begin = std::min(range.begin, range.end);
  return range;
}

// The UnixFS message of a dag-pb node; nothing if it is not one.
std::optional<UnixfsData> unixfs_of(const PbNode& node) {
  if (!node.data) return std::nullopt;
  auto data = decode_unixfs(*node.data);
  if (!data) return std::nullopt;
  return *std::move(data);
}

bool is_file(UnixfsType type) { return type == UnixfsType::file || type == UnixfsType::raw; }

void append_link(Bytes& out, const Cid& cid, std::uint64_t size = 0) {
  append_varint(out, size);
  const Bytes bytes = cid.bytes();
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Result<EntityBytes> parse_entity_bytes(std::string_view text) {
  const auto colon = text.find(':');
  const auto from = parse_offset(text.substr(0, colon));
  if (colon == text.npos || !from) {
    return fail(Code::invalid,
                "\"" + printable(text, 80) + "\" is not a range of bytes; it has the form 0:1023 or -1024:*");
  }
  const std::string_view rest = text.substr(colon + 1);
  if (rest == "*") return EntityBytes{*from, std::nullopt};
  const auto to = parse_offset(rest);
  if (!to) {
    return fail(Code::invalid, "the range of bytes \"" + printable(text, 80) + "\" ends with neither a number nor *");
  }
  return EntityBytes{*from, *to};
}

std::size_t DagWalk::KeyHash::operator()(const Key& key) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash);
  return hash;
}

DagWalk::Key DagWalk::key_of(const Cid& cid) {
  const Sha256 digest = sha256(cid.bytes());
  Key key{};
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

DagWalk::DagWalk(Selection selection) : selection_(std::move(selection)) {
  if (selection_.bytes && selection_.scope == DagScope::all) selection_.scope = DagScope::entity;
}

Result<DagWalk> DagWalk::begin(Selection selection) {
  if (selection.path.size() > k_most_segments) {
    return fail(Code::invalid, "the path has more than " + std::to_string(k_most_segments) + " segments");
  }
  std::size_t bytes = 0;
  for (const std::string& segment : selection.path) bytes += segment.size() + 1;
  if (bytes > k_most_path_bytes) return fail(Code::invalid, "the path is longer than 4 KiB");
  const Cid root = selection.root;
  DagWalk walk(std::move(selection));
  EAI_CHECK(walk.follow(root));
  return walk;
}

std::span<const std::string> DagWalk::segments_left() const { return std::span(selection_.path).subspan(segment_); }

std::string DagWalk::said_path() const {
  std::string out = selection_.root.str();
  for (std::size_t i = 0; i < segment_; ++i) out += "/" + selection_.path[i];
  return printable(out, 300);
}

// The path has led to this block.
Result<void> DagWalk::follow(Cid next) {
  path_done_ = segment_ == selection_.path.size();
  roots_.push_back(next);
  if (!path_done_ && !has_links(next.codec())) {
    return fail(Code::invalid, said_path() + " contains no others, so the path cannot go on to \"" +
                                   printable(selection_.path[segment_], 80) + "\"");
  }
  at_ = Work{std::move(next), path_done_ ? Role::terminus : Role::path};
  return {};
}

std::optional<DagWalk::Work> DagWalk::take_child(Frame& frame) const {
  while (frame.at < frame.links.size()) {
    ByteView rest = ByteView(frame.links).subspan(frame.at);
    const std::uint64_t size = take_varint(rest, VarintRule::protobuf).value();
    std::size_t used = 0;
    Work child{Cid::from_bytes(rest, &used).value(), frame.role, frame.depth, frame.fanout, size};
    frame.at = frame.links.size() - rest.size() + used;
    if (!frame.range) return child;
    // Only what lies in the range, and all of what lies in it wholly.
    const ByteRange place{frame.offset, frame.offset + size};
    frame.offset = place.end;
    const ByteRange wanted{std::max(place.begin, frame.range->begin), std::min(place.end, frame.range->end)};
    if (wanted.begin >= wanted.end) continue;
    if (wanted != place) child.range = ByteRange{wanted.begin - place.begin, wanted.end - place.begin};
    return child;
  }
  return std::nullopt;
}

std::optional<DagWalk::Work> DagWalk::take_work() {
  if (at_) return std::exchange(at_, std::nullopt);
  while (!open_.empty()) {
    if (auto child = take_child(open_.back())) return child;
    open_.pop_back();
  }
  return std::nullopt;
}

bool DagWalk::needs_bytes(const Work& work) const {
  const Codec codec = work.cid.codec();
  if (work.role == Role::terminus && selection_.scope == DagScope::block) return false;
  if (work.role == Role::terminus && selection_.scope == DagScope::entity) return codec == Codec::dag_pb;
  return has_links(codec);
}

// With Duplicates::no: whether the block was handed out before. If so, all that is still wanted of it is opened.
Result<bool> DagWalk::was_given(const Work& work) {
  if (selection_.duplicates == Duplicates::yes) return false;
  const Key key = key_of(work.cid);
  if (given_.insert(key).second) return false;
  const auto found = in_part_.find(key);
  if (found == in_part_.end()) return true;
  Frame again = found->second;
  again.depth = work.depth + 1;
  again.range = work.range;
  if (!work.range) in_part_.erase(found);
  EAI_CHECK(push(std::move(again)));
  return true;
}

Result<std::optional<DagWalk::Step>> DagWalk::next() {
  if (pending_) throw std::logic_error("DagWalk: next() before give()");
  if (fault_) return Failure(*fault_);
  const auto failed = [&](Error error) { return Failure(fault_.emplace(std::move(error))); };
  while (auto work = take_work()) {
    if (work->cid.hash().code == HashCode::identity) {
      const Bytes block = work->cid.hash().digest;
      if (!needs_bytes(*work)) continue;
      if (auto opened = open(*work, block); !opened) return failed(std::move(opened).error());
      continue;
    }
    auto given = was_given(*work);
    if (!given) return failed(std::move(given).error());
    if (*given) continue;
    Step step{work->cid, needs_bytes(*work), work->role == Role::path || work->role == Role::shard_of_path,
              work->role == Role::terminus};
    if (step.needs_bytes) pending_ = std::move(work);
    return step;
  }
  return std::nullopt;
}

Result<void> DagWalk::give(ByteView block) {
  if (!pending_) throw std::logic_error("DagWalk: give() without a block that is waited for");
  const Work work = *std::exchange(pending_, std::nullopt);
  auto opened = open(work, block);
  if (!opened) fault_ = opened.error();
  return opened;
}

Result<void> DagWalk::open(const Work& work, ByteView block) {
  const auto in_block = [&](Result<void> result) -> Result<void> {
    if (result || result.error().code == Code::not_found) return result;
    // A block of a kind that cannot stand here makes the tree wrong, whatever it may be good for elsewhere.
    return fail(Code::invalid, "block " + work.cid.str() + ": " + result.error().message);
  };
  if (block.size() > k_block_limit) return in_block(fail(Code::invalid, "it is larger than 2 MiB"));
  switch (work.role) {
    case Role::path:
      return in_block(open_path(work, block));
    case Role::terminus:
      return in_block(open_terminus(work, block));
    case Role::any:
      return in_block(open_any(work, block));
    case Role::file:
      return in_block(open_file(work, block));
    case Role::shard:
    case Role::shard_of_path:
      break;
  }
  auto node = decode_directory(block, work.depth, work.fanout);
  if (!node) return in_block(Failure(std::move(node).error()));
  return in_block(work.role == Role::shard ? open_shard(work, *std::move(node)) : look_up(*node));
}

Result<void> DagWalk::open_path(const Work& work, ByteView block) {
  if (work.cid.codec() == Codec::dag_cbor) return open_cbor_path(block);
  EAI_TRY(PbNode node, decode_dag_pb(block));
  const auto data = unixfs_of(node);
  if (!data) return fail(Code::invalid, said_path() + " is not a folder");
  if (is_file(data->type)) {
    return fail(Code::invalid, said_path() + " is a file, so the path cannot go on to \"" +
                                   printable(selection_.path[segment_], 80) + "\"");
  }
  if (data->type == UnixfsType::symlink) {
    return fail(Code::invalid, said_path() + " is a symbolic link, and these are not followed");
  }
  EAI_TRY(const DirectoryNode folder, read_directory(std::move(node), *data));
  return look_up(folder);
}

Result<void> DagWalk::look_up(const DirectoryNode& node) {
  const std::string& name = selection_.path[segment_];
  const PbLink* link = find_entry(node, name);
  if (link == nullptr) {
    return fail(Code::not_found, "\"" + printable(name, 80) + "\" does not exist in " + said_path());
  }
  if (link->name.empty()) {
    if (link->cid.codec() != Codec::dag_pb) return fail(Code::invalid, "a shard of the folder is not dag-pb");
    at_ = Work{link->cid, Role::shard_of_path, node.level + 1, *node.fanout};
    return {};
  }
  ++segment_;
  return follow(link->cid);
}

Result<void> DagWalk::open_cbor_path(ByteView block) {
  auto place = follow_dag_cbor(block, segments_left());
  if (!place) {
    if (place.error().code != Code::not_found) return Failure(std::move(place).error());
    return Failure(std::move(place).error().with(said_path()));
  }
  if (place->used == 0 && ++cbor_hops_ > k_most_hops) return fail(Code::invalid, "too many links to links");
  segment_ += place->used;
  if (place->link) return follow(*std::move(place->link));
  path_done_ = true;
  if (selection_.scope != DagScope::all) return {};
  Frame frame;
  EAI_TRY(const std::vector<Cid> links, dag_cbor_links(place->value));
  for (const Cid& link : links) append_link(frame.links, link);
  frame.depth = 1;
  return push(std::move(frame));
}

Result<void> DagWalk::open_terminus(const Work& work, ByteView block) {
  if (selection_.scope == DagScope::all) return open_any(work, block);
  EAI_TRY(PbNode node, decode_dag_pb(block));
  const auto data = unixfs_of(node);
  if (data && is_file(data->type)) return open_file(work, block);
  if (!data || data->type != UnixfsType::hamt_shard) return {};
  EAI_TRY(DirectoryNode shard, read_directory(std::move(node), *data));
  return open_shard(work, std::move(shard));
}

Result<void> DagWalk::open_any(const Work& work, ByteView block) {
  Frame frame;
  frame.depth = work.depth + 1;
  if (work.cid.codec() == Codec::dag_cbor) {
    EAI_TRY(const std::vector<Cid> links, dag_cbor_links(block));
    for (const Cid& link : links) append_link(frame.links, link);
  } else {
    EAI_TRY(const PbNode node, decode_dag_pb(block));
    for (const PbLink& link : node.links) append_link(frame.links, link.cid);
  }
  return push(std::move(frame));
}

Result<void> DagWalk::open_file(const Work& work, ByteView block) {
  EAI_TRY(const FileNode file, decode_file_node(work.cid, block));
  Frame frame{{}, 0, Role::file, work.depth + 1, 0, file.inline_data.size(), work.range};
  if (work.role == Role::terminus) {
    if (selection_.bytes) frame.range = range_of(*selection_.bytes, file.size);
    if (frame.range && frame.range->size() == 0) return {};
    if (frame.range == ByteRange{0, file.size}) frame.range.reset();
  } else if (file.size != work.size) {
    return fail(Code::invalid, "it holds " + std::to_string(file.size) + " bytes of the file, but its parent says " +
                                   std::to_string(work.size));
  }
  for (std::size_t i = 0; i < file.links.size(); ++i) append_link(frame.links, file.links[i].cid, file.blocksizes[i]);
  // What comes before the range may be wanted when the same block comes again. Behind its end nothing comes.
  const bool lacks_beginning = work.role == Role::file && frame.range && frame.range->begin > 0;
  if (lacks_beginning && selection_.duplicates == Duplicates::no) in_part_.emplace(key_of(work.cid), frame);
  return push(std::move(frame));
}

Result<void> DagWalk::open_shard(const Work& work, DirectoryNode node) {
  Frame frame{{}, 0, Role::shard, work.depth + 1, *node.fanout, 0, {}};
  for (const PbLink& link : node.links) {
    if (!link.name.empty()) continue;
    if (link.cid.codec() != Codec::dag_pb) return fail(Code::invalid, "a shard of the folder is not dag-pb");
    append_link(frame.links, link.cid);
  }
  return push(std::move(frame));
}

Result<void> DagWalk::push(Frame frame) {
  if (frame.at == frame.links.size()) return {};
  if (frame.depth > k_most_depth) return fail(Code::invalid, "it lies deeper than 32 levels");
  open_.push_back(std::move(frame));
  return {};
}

}  // namespace eai::ipld
