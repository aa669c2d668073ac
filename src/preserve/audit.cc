#include "preserve/audit.h"

#include <algorithm>
#include <iterator>
#include <random>

#include "ipld/tree_walk.h"
#include "preserve/home.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using ipld::Cid;

// One audit of one home.
class Audit {
 public:
  Audit(const Cid& hash, peers::BlockSource& source, std::uint64_t samples)
      : hash_(hash), source_(source), samples_(samples) {}

  Result<Verdict> go() {
    EAI_TRY(const ByteView document, verified(hash_));
    EAI_TRY(model::Metadata metadata, model::parse_metadata(document));
    verdict_.files = std::move(metadata.files);
    verdict_.tree_car = std::move(metadata.tree_car);
    std::vector<ipld::LeafTable> trees;
    std::vector<Place> leaves;
    for (const auto& file : verdict_.files) {
      fetched_ = 0;
      auto below = leaves_of(file);
      if (!below) {
        Error error = std::move(below).error().with(source_.name() + ": " + file.file_name);
        // Not even the first root: perhaps this home gives files only.
        if (&file == &verdict_.files.front() && fetched_ == 0) return wholes(std::move(error));
        return Failure(std::move(error));
      }
      for (std::size_t leaf = 0; leaf < below->count(); ++leaf) leaves.push_back({trees.size(), leaf});
      trees.push_back(*std::move(below));
    }
    verdict_.all_leaves = leaves.size();
    for (const Place& place : draw(leaves, samples_)) {
      const ipld::LeafTable& tree = trees[place.file];
      // What is held came with the inner blocks.
      if (tree.kind(place.leaf) != ipld::LeafKind::held) EAI_CHECK(verified(tree.cid(place.leaf)));
      ++verdict_.leaves;
    }
    if (const auto& car = verdict_.tree_car) note_tree_car(all_blocks_of(*car));
    return verdict_;
  }

 private:
  struct Place {
    std::size_t file, leaf;
  };

  Result<ipld::LeafTable> leaves_of(const model::PartEntry& file) {
    // A size that its writer rounded is less than a MiB off.
    EAI_TRY(auto walk, file.size_is_exact ? ipld::TreeWalk::begin(file.cid, file.size)
                                          : ipld::TreeWalk::begin(file.cid, file.size + k_mib, ipld::SizeIs::at_most));
    return ipld::list_leaves(walk, [this](const Cid& cid) { return verified(cid); });
  }

  Result<void> all_blocks_of(const model::PartEntry& file) {
    EAI_TRY(const ipld::LeafTable tree, leaves_of(file));
    for (std::size_t leaf = 0; leaf < tree.count(); ++leaf) {
      if (tree.kind(leaf) != ipld::LeafKind::held) EAI_CHECK(verified(tree.cid(leaf)));
    }
    return {};
  }

  void note_tree_car(Result<void> good) {
    if (!good) verdict_.tree_car_fault = std::move(good).error();
  }

  template <typename T>
  static std::vector<T> draw(const std::vector<T>& from, std::uint64_t count) {
    std::random_device system;  // every number is drawn anew: what was asked tells nothing of what will be
    std::vector<T> out;
    std::sample(from.begin(), from.end(), std::back_inserter(out), count, system);
    return out;
  }

  // The block, hashed against its CID.
  Result<ByteView> verified(const Cid& cid) {
    EAI_TRY(held_, source_.block(cid));
    if (auto good = ipld::verify(cid.hash(), held_); !good) {
      return Failure(std::move(good).error().with(source_.name() + ": block " + cid.str()));
    }
    verdict_.bytes += held_.size();
    ++fetched_;
    return ByteView(held_);
  }

  Result<Verdict> wholes(Error no_blocks) {
    for (const auto& file : draw(verdict_.files, std::max<std::uint64_t>(1, samples_ / k_samples_per_whole))) {
      if (auto good = whole(file); !good) {
        Error error = std::move(good).error();
        error.message += "; and as single blocks: " + no_blocks.message;
        return Failure(std::move(error));
      }
      ++verdict_.wholes;
    }
    if (const auto& car = verdict_.tree_car) note_tree_car(whole(*car));
    return verdict_;
  }

  Result<void> whole(const model::PartEntry& file) {
    ipld::Sha256Hasher hasher;
    std::uint64_t size = 0;
    auto take = [&](ByteView bytes) -> Result<void> {
      hasher.update(bytes);
      size += bytes.size();
      if (size <= file.size || !file.size_is_exact) return {};
      return fail(Code::corrupt, source_.name() + ": " + file.file_name + " is longer there than it should be");
    };
    auto again = [&] {
      hasher = ipld::Sha256Hasher();
      size = 0;
    };
    EAI_CHECK(source_.whole(file.cid, take, again));
    verdict_.bytes += size;
    if (ipld::matches(file.sha256, hasher.finish())) return {};
    return fail(Code::corrupt, source_.name() + ": " + file.file_name + " does not match its SHA-256");
  }

  const Cid& hash_;
  peers::BlockSource& source_;
  std::uint64_t samples_;
  Verdict verdict_;
  Bytes held_;
  std::size_t fetched_ = 0;  // blocks, of the file that is looked at
};

}  // namespace

Result<std::unique_ptr<peers::BlockSource>> make_source(const std::string& word, const AuditSettings& settings) {
  const auto gateway = [&](const std::string& url) {
    peers::Options options;
    options.max_retries = settings.tries.max_retries;
    options.retry_delay = settings.tries.first_wait;
    options.stall_timeout = settings.tries.stall;
    options.network = settings.tries.network;
    return peers::make_gateway_source(word, url, options, settings.stop);
  };
  const auto kubo = [&](std::string url) {
    return peers::make_kubo_source(word, std::move(url), settings.tries, settings.stop);
  };
  if (!word.starts_with("car:") && !word.starts_with("http")) EAI_CHECK(check_home_address(word));
  if (word == "lighthouse") return gateway(settings.lighthouse_gateway);
  if (word == "kubo") return kubo(settings.kubo_api);
  if (word.starts_with("kubo:")) return kubo(word.substr(5));
  if (word.starts_with("car:")) {
    auto car = peers::open_car_source(word, word.substr(4));
    // The word is right and the file is not: that is this home's verdict.
    if (!car && car.error().code == Code::invalid) return fail(Code::corrupt, std::move(car).error().message);
    return car;
  }
  if (word.starts_with("http://") || word.starts_with("https://")) return gateway(word);
  if (word.starts_with("pinning:")) {
    return fail(Code::invalid, word + " gives no bytes back; name a gateway or kubo:<URL> that has what it pins");
  }
  return fail(Code::invalid, "\"" + printable(without_secrets(word)) +
                                 "\" cannot be asked; use lighthouse, kubo, kubo:<URL>, cluster, cluster:<URL>, "
                                 "car:<file> or a gateway's URL");
}

Result<Verdict> audit(const Cid& hash, peers::BlockSource& source, std::uint64_t samples) {
  return Audit(hash, source, samples).go();
}

}  // namespace eai::preserve
