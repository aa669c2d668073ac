// Requests for CARs over DAGs from anyone. The input is a list of choices: of the request, and of files in trees of every
// shape, honest or lying, below folders, shards and documents. Nothing crashes; each block comes once if it is asked to,
// and leaving the duplicates out loses none; and who gets an honest file can read it.
#include <cstdlib>
#include <set>

#include "ipld/dag_select.h"
#include "ipld/directory_testing.h"

namespace {

using namespace eai::ipld;

struct Answer {
  std::vector<Cid> cids;
  bool good = false, cut = false;
};

Answer answer(Selection selection, const Blocks& blocks) {
  Answer out;
  auto walk = DagWalk::begin(std::move(selection));
  if (!walk) return out;
  for (int i = 0; i < 20000; ++i) {
    const auto step = walk->next();
    if (!step) return out;
    if (!*step) {
      out.good = true;
      if (!walk->path_done()) std::abort();
      return out;
    }
    out.cids.push_back((*step)->cid);
    if (!(*step)->needs_bytes) continue;
    const eai::Bytes* block = blocks.find((*step)->cid);
    if (block == nullptr || !walk->give(*block)) return out;
  }
  out.cut = true;
  return out;
}

class Maker {
 public:
  Maker(eai::ByteView choices, Honesty honesty)
      : rest_(choices), files_([this](std::uint32_t count) { return choose(count); }, honesty) {}
  std::uint32_t choose(std::uint32_t count) {
    if (rest_.empty() || ++calls_ > 3000) return count - 1;
    const std::uint32_t value = rest_.front() % count;
    rest_ = rest_.subspan(1);
    return value;
  }
  Cid make_file() { return files_.make(4).cid; }
  // A node of any kind.
  Cid make(int depth) {
    if (depth == 0 || choose(4) == 0) return make_file();
    std::map<std::string, Cid> entries;
    const std::uint32_t count = choose(5);
    for (std::uint32_t i = 0; i < count; ++i)
      entries.emplace(std::string(1, static_cast<char>('a' + choose(6))), make(depth - 1));
    blocks();
    switch (choose(4)) {
      case 0:
        return put_shards(entries, 8U << choose(3), all_);
      case 1:
        return document(entries);
      default:
        return plain(entries);
    }
  }
  const Blocks& blocks() {
    for (const auto& [hash, block] : files_.blocks().by_hash) all_.by_hash[hash] = block;
    return all_;
  }

 private:
  Cid document(const std::map<std::string, Cid>& entries) {
    eai::Bytes block;
    append_cbor_head(block, CborKind::map, entries.size());
    for (const auto& [name, cid] : entries) {
      append_cbor_text(block, name);
      append_cbor_link(block, cid);
    }
    return put_block(Codec::dag_cbor, std::move(block), all_);
  }
  Cid plain(const std::map<std::string, Cid>& entries) {
    PbNode node;
    UnixfsData data;
    data.type = choose(8) == 0 ? UnixfsType::symlink : UnixfsType::directory;
    for (const auto& [name, cid] : entries) node.links.push_back({cid, name, 0});
    node.data = encode_unixfs(data);
    return put_block(Codec::dag_pb, encode_dag_pb(node), all_);
  }

  eai::ByteView rest_;
  std::size_t calls_ = 0;
  TreeMaker files_;
  Blocks all_;
};

void check_both(Selection selection, const Blocks& blocks) {
  const Answer once = answer(selection, blocks);
  const std::set<Cid> seen(once.cids.begin(), once.cids.end());
  if (seen.size() != once.cids.size()) std::abort();
  selection.duplicates = Duplicates::yes;
  const Answer each = answer(selection, blocks);
  if (each.cut || once.cut) return;
  // With a fault the answer without duplicates may come further: a block that is too deep may lie higher up as well.
  if (each.good && (!once.good || seen != std::set<Cid>(each.cids.begin(), each.cids.end()))) std::abort();
}

void check_file(const Cid& root, const Blocks& blocks, Honesty honesty) {
  eai::Bytes expected;
  const OnContent keep = [&](eai::ByteView bytes) -> eai::Result<void> {
    expected.insert(expected.end(), bytes.begin(), bytes.end());
    return {};
  };
  const auto size = read_unixfs_file(root, 1 << 16, blocks.getter(), keep);
  if (!size) return;
  Blocks received;
  const Answer found = answer({root, {}, DagScope::entity}, blocks);
  if (!found.good) {
    // The reader does not look at what a parent calls empty, so it sees fewer lies.
    if (!found.cut && honesty == Honesty::honest) std::abort();
    return;
  }
  for (const Cid& cid : found.cids) received.put(cid, *blocks.find(cid));
  const eai::Bytes all = std::exchange(expected, {});
  if (!read_unixfs_file(root, 1 << 16, received.getter(), keep) || expected != all) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  if (data[0] % 8 == 0) {
    // A root block byte by byte.
    Blocks blocks;
    const Cid root = put_block(data[1] % 2 == 0 ? Codec::dag_pb : Codec::dag_cbor, {data + 3, data + size}, blocks);
    Selection selection{root, {}, static_cast<DagScope>(data[2] % 3)};
    check_both(selection, blocks);
    selection.path = {"a", "0"};
    check_both(selection, blocks);
    return 0;
  }
  const Honesty honesty = data[0] % 8 < 5 ? Honesty::honest : Honesty::lying;
  Maker maker({data + 3, size - 3}, honesty);
  Selection selection{Cid::raw_of({}), {}, static_cast<DagScope>(data[1] % 3)};
  if (data[1] % 2 == 0) selection.bytes = EntityBytes{static_cast<std::int8_t>(data[2]), maker.choose(40)};
  if (data[0] % 2 == 0) {
    selection.root = maker.make_file();
    check_file(selection.root, maker.blocks(), honesty);
  } else {
    for (std::uint32_t i = maker.choose(3); i > 0; --i)
      selection.path.emplace_back(1, static_cast<char>('a' + maker.choose(6)));
    selection.root = maker.make(4);
  }
  check_both(selection, maker.blocks());
  return 0;
}
