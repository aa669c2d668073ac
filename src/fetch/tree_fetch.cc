#include "fetch/tree_fetch.h"

#include <algorithm>
#include <map>

#include "ipld/car.h"
#include "peers/block_folder.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;
using peers::Clock;

constexpr auto k_patience =
    1500ms;  // after which a second source is asked for the same block; a third waits twice that
constexpr auto k_car_patience = 3s;                         // after which a CAR must have come faster than this:
constexpr double k_slowest_car = 64 * k_kib;                // bytes per second
constexpr auto k_deadline = 30s;                            // of a block
constexpr std::size_t k_car_number = std::size_t{1} << 40;  // under which the book counts attempts: no part has such
constexpr std::size_t k_first_number = k_car_number + 1;

fs::path kept_at(const fs::path& folder) { return folder / "trees.car"; }

// The walks of all files, and the blocks that they have got.
struct Forest {
  std::vector<ipld::TreeWalk> walks = {};
  std::vector<ipld::Block> got = {};
  std::size_t kept = 0;  // of these, by an earlier run

  std::size_t missing() const {
    std::size_t sum = 0;
    for (const ipld::TreeWalk& walk : walks) sum += walk.missing();
    return sum;
  }
  // Files may share a block. Code::corrupt if it does not match its CID; any other error is final.
  Result<void> give(const ipld::Cid& cid, ByteView block) {
    for (ipld::TreeWalk& walk : walks) EAI_CHECK(walk.give(cid, block));
    got.push_back({cid, Bytes(block.begin(), block.end())});
    return {};
  }
};

// A CAR that is read while it arrives. Its blocks prove themselves, so its own CID does not matter.
class CarTaker {
 public:
  explicit CarTaker(Forest& forest)
      : forest_(forest), reader_([this](const ipld::Cid& cid, ByteView block) { return take(cid, block); }) {}

  Result<void> feed(ByteView bytes) {
    size_ += bytes.size();
    if (size_ > model::k_tree_car_limit) return fail(Code::corrupt, "more than a tree can have");
    return reader_.feed(bytes);
  }
  Result<void> finish() { return reader_.finish(); }
  std::uint64_t size() const { return size_; }  // of what came
  // What a tree that is proven and makes no sense says.
  const Result<void>& final() const { return final_; }

 private:
  Result<void> take(const ipld::Cid& cid, ByteView block) {
    auto given = forest_.give(cid, block);
    if (!given && given.error().code != Code::corrupt) final_ = given;
    return given;
  }
  Forest& forest_;
  std::uint64_t size_ = 0;
  Result<void> final_;
  ipld::CarReader reader_;
};

// A damaged CAR is as good as none from there on.
Result<void> use_car(const fs::path& file, Forest& forest) {
  const auto bytes = read_file(file, model::k_tree_car_limit);
  if (!bytes) return {};
  CarTaker taker(forest);
  if (taker.feed(*bytes)) (void)taker.finish();
  return taker.final();
}

class Hunt;

// One question, for a block or for the CAR.
class Inquiry final : public peers::Asker {
 public:
  Inquiry(Hunt& hunt, std::size_t number, int from, Forest& forest)
      : source(from), hunt_(hunt), number_(number), car_(forest) {}
  std::size_t number() const { return number_; }
  const Bytes& body() const { return body_; }
  CarTaker& car() { return car_; }

  Result<void> on_good(const peers::Judgement&) override { return {}; }
  Result<void> on_bytes(ByteView bytes) override {
    if (number_ == k_car_number) return car_.feed(bytes);
    body_.insert(body_.end(), bytes.begin(), bytes.end());
    if (body_.size() <= ipld::k_block_limit) return {};
    return fail(Code::network, "more than 2 MiB instead of a block");
  }
  void on_end(const peers::Question& question, const peers::Ending& ending) override;

  const int source;
  const Clock::time_point begun = Clock::now();
  peers::GatewayClient::Id id = 0;

 private:
  Hunt& hunt_;
  std::size_t number_;
  Bytes body_;
  CarTaker car_;
};

class Hunt {
 public:
  Hunt(const Fetching& of, Forest& forest) : of_(of), book_(of.client.book()), forest_(forest) {}
  ~Hunt() {
    for (const auto& inquiry : running_) of_.client.cancel(inquiry->id);
  }
  Hunt(const Hunt&) = delete;

  // Whether all trees are known.
  Result<bool> run() {
    const std::stop_callback wake(of_.stop, [this] { of_.client.wake(); });
    const auto& car = of_.metadata.tree_car;
    if (car && forest_.missing() > 0) {
      for (int i = 0; i < static_cast<int>(book_.size()); ++i)
        if (book_.source(i).kind == peers::Source::Kind::folder)
          EAI_CHECK(use_car(book_.source(i).folder / car->cid.str(), forest_));
      if (forest_.missing() > 0) wishes_.emplace(k_car_number, Wish{car->cid});
    }
    while (true) {
      if (of_.stop.stop_requested()) return fail(Code::cancelled, "stopped; the next run goes on from there");
      if (error_) return Failure(std::move(*error_));
      if (!wishes_.contains(k_car_number)) collect();
      if (wishes_.empty()) return true;
      const auto now = Clock::now();
      leave_a_slow_car(now);
      for (auto& [number, wish] : wishes_) {
        if (running_.size() >= most_) break;
        ask(number, wish, now);
      }
      for (const auto& [number, wish] : wishes_) {
        if (!wish.asked.empty() || !(book_.hopeless(number) || book_.cut_off(number, now))) continue;
        if (number != k_car_number) return false;
        wishes_.erase(number);  // it is only a shorter way
        break;
      }
      of_.client.poll(100ms);
      of_.reporter.show(Clock::now(), 0, 0);
    }
  }

  void ended(Inquiry& inquiry, const peers::Question& question, const peers::Ending& ending) {
    const auto place = std::ranges::find(running_, &inquiry, &std::unique_ptr<Inquiry>::get);
    const auto own = std::move(*place);  // it lives until the end of this call
    running_.erase(place);
    const auto found = wishes_.find(inquiry.number());
    if (found == wishes_.end()) return;  // another source was faster
    Wish& wish = found->second;
    std::erase(wish.asked, question.source);
    if (inquiry.number() == k_car_number) return car_ended(inquiry, question, ending);
    if (!ending.outcome) return of_.client.blame(question, ending);
    if (auto given = forest_.give(wish.cid, inquiry.body()); !given) return wrong(question, std::move(given).error());
    book_.got(question.source, inquiry.number(), inquiry.body().size());
    const ipld::Cid cid = wish.cid;  // trees may share a block
    std::erase_if(wishes_, [&](const auto& one) { return one.second.cid == cid; });
  }

 private:
  struct Wish {
    ipld::Cid cid;
    std::vector<int> asked = {};  // sources that are being asked
    Clock::time_point latest = {};
  };

  void wrong(const peers::Question& question, Error error) {
    if (error.code == Code::corrupt)
      book_.lied(question.source, "sent wrong bytes for a block");
    else
      error_ = std::move(error);
  }

  // Whoever sends a byte now and then never stalls, and must not be waited for.
  void leave_a_slow_car(Clock::time_point now) {
    const auto is_slow = [&](const std::unique_ptr<Inquiry>& one) {
      const double seconds = std::chrono::duration<double>(now - one->begun).count();
      return one->number() == k_car_number && now - one->begun >= k_car_patience &&
             static_cast<double>(one->car().size()) < k_slowest_car * seconds;
    };
    const auto slow = std::ranges::find_if(running_, is_slow);
    if (slow == running_.end()) return;
    const auto own = std::move(*slow);
    running_.erase(slow);
    of_.client.cancel(own->id);
    book_.lacks(own->source, k_car_number, "was slow");
    if (const auto wish = wishes_.find(k_car_number); wish != wishes_.end()) wish->second.asked.clear();
  }

  // Its first blocks are of use even if the rest is not. Whoever sends wrong ones may have been given them, because the
  // CAR is not held against its own CID.
  void car_ended(Inquiry& inquiry, const peers::Question& question, const peers::Ending& ending) {
    if (auto& final = inquiry.car().final(); !final) {
      error_ = final.error();
      return;
    }
    const bool read = ending.good() && ending.outcome && inquiry.car().finish();
    if (read || forest_.missing() == 0) {
      wishes_.erase(k_car_number);
    } else if (ending.good() && !ending.outcome && ending.outcome.error().code == Code::corrupt) {
      book_.ban(question.source, "sent wrong bytes for a block");
    } else if (ending.good() && (ending.outcome || ending.outcome.error().code != Code::network)) {
      book_.lacks(question.source, k_car_number, "has no CAR of the tree");
    } else {
      of_.client.blame(question, ending);
    }
  }

  void collect() {
    for (ipld::TreeWalk& walk : forest_.walks)
      while (auto cid = walk.next())
        if (!lies_in_a_folder(*cid)) wishes_.emplace(next_number_++, Wish{*std::move(cid)});
  }

  bool lies_in_a_folder(const ipld::Cid& cid) {
    for (int i = 0; i < static_cast<int>(book_.size()); ++i) {
      if (book_.source(i).kind != peers::Source::Kind::folder) continue;
      const auto found = peers::FolderBlock::open(book_.source(i), cid);
      if (!found) continue;
      const auto block = found->read(ipld::k_block_limit);
      if (!block) continue;
      const auto given = forest_.give(cid, *block);
      if (!given && given.error().code != Code::corrupt) error_ = given.error();
      if (given || error_) return true;
    }
    return false;
  }

  void ask(std::size_t number, Wish& wish, Clock::time_point now) {
    const std::size_t askers = wish.asked.size();
    if (askers > 0 && (number == k_car_number || now - wish.latest < k_patience * askers)) return;
    auto source = book_.pick(number, now, {}, Weight::small);
    if (source && std::ranges::find(wish.asked, *source) != wish.asked.end()) source = another(number, wish, now);
    if (!source) return;
    peers::Question question{.source = *source, .piece = number, .cid = wish.cid, .form = peers::Form::raw_block};
    question.or_as_file = peers::Question::OrAsFile::no;
    if (number != k_car_number)
      question.deadline = k_deadline;
    else if (wish.cid.codec() != ipld::Codec::raw)
      question.form = peers::Form::file;
    auto inquiry = std::make_unique<Inquiry>(*this, number, *source, forest_);
    wish.asked.push_back(*source);
    wish.latest = now;
    inquiry->id = of_.client.ask(std::move(question), *inquiry);
    running_.push_back(std::move(inquiry));
  }

  std::optional<int> another(std::size_t number, const Wish& wish, Clock::time_point now) const {
    for (int source = 0; source < static_cast<int>(book_.size()); ++source) {
      if (std::ranges::find(wish.asked, source) != wish.asked.end()) continue;
      if (book_.pick(number, now, source, Weight::small)) return source;
    }
    return std::nullopt;
  }

  using Weight = peers::SourceBook::Weight;
  const Fetching& of_;
  peers::SourceBook& book_;
  Forest& forest_;
  std::size_t most_ = 6 * static_cast<std::size_t>(std::max(1, of_.client.options().parallel_requests));
  std::map<std::size_t, Wish> wishes_;  // by the number for the book; parents come before children
  std::vector<std::unique_ptr<Inquiry>> running_;
  std::size_t next_number_ = k_first_number;
  std::optional<Error> error_;
};

void Inquiry::on_end(const peers::Question& question, const peers::Ending& ending) {
  hunt_.ended(*this, question, ending);
}

Result<void> keep(const Fetching& of, const Forest& forest) {
  if (forest.got.size() == forest.kept) return {};
  std::vector<ipld::Cid> roots;
  for (const model::PartEntry& file : of.metadata.files) roots.push_back(file.cid);
  return write_file_atomic(kept_at(of.folder), ipld::write_car(roots, forest.got));
}

}  // namespace

Result<std::optional<Trees>> fetch_trees(const Fetching& of) {
  Forest forest;
  for (const model::PartEntry& entry : of.metadata.files) {
    if (entry.cid.codec() == ipld::Codec::raw && (!entry.size_is_exact || entry.size > ipld::k_block_limit))
      return std::nullopt;
    const std::uint64_t size = entry.size_is_exact ? entry.size : entry.size + std::max(entry.size / 50, k_mib);
    const auto is = entry.size_is_exact ? ipld::SizeIs::exact : ipld::SizeIs::at_most;
    EAI_TRY(auto walk, ipld::TreeWalk::begin(entry.cid, size, is));
    forest.walks.push_back(std::move(walk));
  }
  EAI_CHECK(use_car(kept_at(of.folder), forest));
  forest.kept = forest.got.size();
  Result<bool> all = Hunt(of, forest).run();
  EAI_CHECK(keep(of, forest));  // also of what was stopped
  if (!all) return Failure(std::move(all).error());
  if (!*all) return std::nullopt;
  Trees trees;
  for (ipld::TreeWalk& walk : forest.walks) {
    EAI_TRY(auto table, walk.leaves());
    trees.leaves.push_back(std::make_shared<const ipld::LeafTable>(std::move(table)));
  }
  trees.walks = std::move(forest.walks);
  return trees;
}

Result<void> keep_tree_blocks(const fs::path& folder, const std::vector<ipld::Block>& blocks) {
  if (blocks.empty()) return {};
  return write_file_atomic(kept_at(folder), ipld::write_car({blocks.front().cid}, blocks));
}

bool has_tree_blocks(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(kept_at(folder), ignored);
}

}  // namespace eai::fetch
