#include "fetch/tree_fetch.h"

#include <algorithm>
#include <map>

#include "ipld/car.h"
#include "ipld/tree_walk.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;
using peers::Clock;

constexpr auto k_patience = 1500ms;  // after which a second source is asked for the same block
constexpr auto k_deadline = 30s;
constexpr std::size_t k_at_once = 16;
constexpr std::uint64_t k_kept_limit = 512 * k_mib;
constexpr std::size_t k_first_number = std::size_t{1} << 40;  // under which the book counts attempts: no part has such

fs::path kept_at(const Fetching& of, std::size_t file) { return of.folder / "trees" / (std::to_string(file) + ".car"); }

class Hunt;

// One question for one block.
class Inquiry final : public peers::Asker {
 public:
  Inquiry(Hunt& hunt, std::size_t wish) : hunt_(hunt), wish_(wish) {}
  std::size_t wish() const { return wish_; }
  const Bytes& body() const { return body_; }

  Result<void> on_good(const peers::Judgement&) override { return {}; }
  Result<void> on_bytes(ByteView bytes) override {
    body_.insert(body_.end(), bytes.begin(), bytes.end());
    if (body_.size() <= ipld::k_block_limit) return {};
    return fail(Code::network, "more than 2 MiB instead of a block");
  }
  void on_end(const peers::Question& question, const peers::Ending& ending) override;

  peers::GatewayClient::Id id = 0;

 private:
  Hunt& hunt_;
  std::size_t wish_;
  Bytes body_;
};

struct File {
  ipld::TreeWalk walk;
  std::vector<ipld::Block> got = {};
  std::size_t kept = 0;  // of these, from an earlier run
};

class Hunt {
 public:
  Hunt(const Fetching& of, std::vector<File>& files) : of_(of), book_(of.client.book()), files_(files) {}
  ~Hunt() {
    for (const auto& inquiry : running_) of_.client.cancel(inquiry->id);
  }
  Hunt(const Hunt&) = delete;

  // Whether all trees are known.
  Result<bool> run() {
    const std::stop_callback wake(of_.stop, [this] { of_.client.wake(); });
    while (true) {
      if (of_.stop.stop_requested()) return fail(Code::cancelled, "stopped; the next run goes on from there");
      if (error_) return Failure(std::move(*error_));
      collect();
      if (wishes_.empty()) return true;
      const auto now = Clock::now();
      for (auto& [number, wish] : wishes_) {
        if (running_.size() >= k_at_once) break;
        ask(number, wish, now);
      }
      for (const auto& [number, wish] : wishes_)
        if (wish.asked.empty() && (book_.hopeless(number) || book_.cut_off(number, now))) return false;
      of_.client.poll(100ms);
      of_.reporter.show(Clock::now(), 0, 0);
    }
  }

  void ended(Inquiry& inquiry, const peers::Question& question, const peers::Ending& ending) {
    const auto place = std::ranges::find(running_, &inquiry, &std::unique_ptr<Inquiry>::get);
    const auto own = std::move(*place);  // it lives until the end of this call
    running_.erase(place);
    const auto found = wishes_.find(inquiry.wish());
    if (found == wishes_.end()) return;  // another source was faster
    Wish& wish = found->second;
    std::erase(wish.asked, question.source);
    if (!ending.outcome) return of_.client.blame(question, ending);
    File& file = files_[wish.file];
    const ipld::Cid cid = wish.cid;
    if (auto given = file.walk.give(cid, inquiry.body()); !given) {
      if (given.error().code == Code::corrupt) return book_.ban(question.source, "sent wrong bytes for a block");
      error_ = std::move(given).error();
      return;
    }
    book_.got(question.source, inquiry.wish(), inquiry.body().size());
    file.got.push_back({cid, inquiry.body()});
    wishes_.erase(found);
  }

 private:
  struct Wish {
    std::size_t file = 0;
    ipld::Cid cid;
    std::vector<int> asked = {};  // sources that are being asked
    Clock::time_point latest = {};
  };

  void collect() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      while (auto cid = files_[i].walk.next())
        if (!lies_in_a_folder(files_[i], *cid)) wishes_.emplace(next_number_++, Wish{i, *std::move(cid)});
    }
  }

  bool lies_in_a_folder(File& file, const ipld::Cid& cid) {
    for (int i = 0; i < static_cast<int>(book_.size()); ++i) {
      if (book_.source(i).kind != peers::Source::Kind::folder) continue;
      const auto block = read_file(book_.source(i).folder / cid.str(), ipld::k_block_limit);
      if (!block) continue;
      auto given = file.walk.give(cid, *block);
      if (given) file.got.push_back({cid, *block});
      if (!given && given.error().code != Code::corrupt) error_ = std::move(given).error();
      if (given || error_) return true;
    }
    return false;
  }

  void ask(std::size_t number, Wish& wish, Clock::time_point now) {
    if (wish.asked.size() > 1 || (wish.asked.size() == 1 && now - wish.latest < k_patience)) return;
    auto source = book_.pick(number, now);
    if (source && std::ranges::find(wish.asked, *source) != wish.asked.end()) source = another(number, wish, now);
    if (!source) return;
    peers::Question question{.source = *source, .piece = number, .cid = wish.cid, .form = peers::Form::raw_block};
    question.or_as_file = peers::Question::OrAsFile::no;
    question.deadline = k_deadline;
    auto inquiry = std::make_unique<Inquiry>(*this, number);
    wish.asked.push_back(*source);
    wish.latest = now;
    inquiry->id = of_.client.ask(std::move(question), *inquiry);
    running_.push_back(std::move(inquiry));
  }

  std::optional<int> another(std::size_t number, const Wish& wish, Clock::time_point now) const {
    for (int source = 0; source < static_cast<int>(book_.size()); ++source) {
      if (std::ranges::find(wish.asked, source) != wish.asked.end()) continue;
      if (book_.pick(number, now, source)) return source;
    }
    return std::nullopt;
  }

  const Fetching& of_;
  peers::SourceBook& book_;
  std::vector<File>& files_;
  std::map<std::size_t, Wish> wishes_;  // by the number for the book; parents come before children
  std::vector<std::unique_ptr<Inquiry>> running_;
  std::size_t next_number_ = k_first_number;
  std::optional<Error> error_;
};

void Inquiry::on_end(const peers::Question& question, const peers::Ending& ending) {
  hunt_.ended(*this, question, ending);
}

// What an earlier run has kept of a tree. A damaged CAR is as good as none from there on.
Result<void> use_kept(const Fetching& of, std::size_t number, File& file) {
  const auto bytes = read_file(kept_at(of, number), k_kept_limit);
  if (!bytes) return {};
  Result<void> final;
  ipld::CarReader reader([&](const ipld::Cid& cid, ByteView block) -> Result<void> {
    auto given = file.walk.give(cid, block);
    if (!given && given.error().code != Code::corrupt) final = given;
    if (given) file.got.push_back({cid, Bytes(block.begin(), block.end())});
    return given;
  });
  if (reader.feed(*bytes)) (void)reader.finish();
  file.kept = file.got.size();
  return final;
}

Result<void> keep(const Fetching& of, const std::vector<File>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].got.size() == files[i].kept) continue;
    EAI_CHECK(make_folders(of.folder / "trees", 0700));
    EAI_CHECK(write_file_atomic(kept_at(of, i), ipld::write_car({of.metadata.files[i].cid}, files[i].got)));
  }
  return {};
}

}  // namespace

Result<std::optional<Trees>> fetch_trees(const Fetching& of) {
  std::vector<File> files;
  for (const model::PartEntry& entry : of.metadata.files) {
    if (entry.cid.codec() == ipld::Codec::raw && (!entry.size_is_exact || entry.size > ipld::k_block_limit))
      return std::nullopt;
    const std::uint64_t size = entry.size_is_exact ? entry.size : entry.size + std::max(entry.size / 50, k_mib);
    const auto is = entry.size_is_exact ? ipld::SizeIs::exact : ipld::SizeIs::at_most;
    EAI_TRY(auto walk, ipld::TreeWalk::begin(entry.cid, size, is));
    files.push_back({std::move(walk)});
    EAI_CHECK(use_kept(of, files.size() - 1, files.back()));
  }
  Result<bool> all = Hunt(of, files).run();
  EAI_CHECK(keep(of, files));  // also of what was stopped
  if (!all) return Failure(std::move(all).error());
  if (!*all) return std::nullopt;
  Trees trees;
  for (File& file : files) {
    EAI_TRY(auto table, file.walk.leaves());
    trees.leaves.push_back(std::make_shared<const ipld::LeafTable>(std::move(table)));
    trees.walks.push_back(std::move(file.walk));
  }
  return trees;
}

}  // namespace eai::fetch
