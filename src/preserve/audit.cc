#include "preserve/audit.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <random>

#include <boost/json.hpp>
#include <fcntl.h>

#include "ipld/car.h"
#include "ipld/unixfs_reader.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using ipld::Cid;
namespace json = boost::json;

class HttpSource final : public BlockSource {
 public:
  enum class Kind { gateway, kubo };
  HttpSource(std::string name, std::string url, Kind kind, const AuditSettings& settings)
      : name_(std::move(name)), url_(std::move(url)), kind_(kind), settings_(settings) {
    while (url_.ends_with('/')) url_.pop_back();
  }
  const std::string& name() const override { return name_; }

  Result<Bytes> block(const Cid& cid) override {
    Call call = base(cid, kind_ == Kind::kubo ? "block/get" : "");
    call.answer_limit = ipld::k_block_limit;
    if (kind_ == Kind::gateway) {
      call.url += "?format=raw";
      call.headers = {{"Accept", "application/vnd.ipld.raw"}};
    }
    auto got = exchange(call, settings_.tries, settings_.stop);
    // A raw block is its own content: no special answer is needed for that.
    if (got || kind_ == Kind::kubo || cid.codec() != ipld::Codec::raw || settings_.stop.stop_requested()) return got;
    call.url = base(cid, "").url;
    call.headers.clear();
    auto plain = exchange(call, settings_.tries, settings_.stop);
    return plain ? std::move(plain) : std::move(got);
  }

  Result<void> whole(const Cid& cid, const std::function<Result<void>(ByteView)>& bytes,
                     const std::function<void()>& again) override {
    Call call = base(cid, "cat");
    call.on_answer = bytes;
    call.on_again = again;
    EAI_CHECK(exchange(call, settings_.tries, settings_.stop));
    return {};
  }

 private:
  Call base(const Cid& cid, const std::string& command) const {
    Call call;
    call.what = name_ + ": " + cid.str();
    if (kind_ == Kind::kubo) {
      call.url = url_ + "/api/v0/" + command + "?offline=true&arg=" + cid.str();
    } else {
      call.method = "GET";
      call.url = url_ + "/ipfs/" + cid.str();
    }
    return call;
  }

  std::string name_, url_;
  Kind kind_;
  AuditSettings settings_;
};

// Where each block lies in the file; found by reading all of it once, verified.
class CarSource final : public BlockSource {
 public:
  static Result<std::unique_ptr<BlockSource>> open(std::string name, const fs::path& file) {
    auto out = std::make_unique<CarSource>();
    out->name_ = std::move(name);
    EAI_TRY(out->fd_, open_file(file, O_RDONLY));
    EAI_TRY(const std::uint64_t size, [&]() -> Result<std::uint64_t> {
      std::error_code error;
      const std::uint64_t bytes = fs::file_size(file, error);
      if (error) return fail(Code::io, file.string() + ": " + error.message());
      return bytes;
    }());
    if (auto indexed = out->index(size); !indexed) return Failure(std::move(indexed).error().with(file.string()));
    return out;
  }
  const std::string& name() const override { return name_; }

  Result<Bytes> block(const Cid& cid) override {
    const auto found = places_.find(key_of(cid));
    if (found == places_.end()) return fail(Code::not_found, name_ + ": block " + cid.str() + " is not in it");
    Bytes out(static_cast<std::size_t>(found->second.size()));
    EAI_CHECK(read_at(fd_.get(), found->second.begin, out));
    return out;
  }

  Result<void> whole(const Cid& cid, const std::function<Result<void>(ByteView)>& bytes,
                     const std::function<void()>&) override {
    Bytes held;
    auto get = [&](const Cid& below) -> Result<ByteView> {
      EAI_TRY(held, block(below));
      return ByteView(held);
    };
    EAI_CHECK(ipld::read_unixfs_file(cid, UINT64_MAX, get, bytes));
    return {};
  }

 private:
  static std::string key_of(const Cid& cid) { return std::string(text_of(cid.hash().bytes())); }

  Result<void> index(std::uint64_t size) {
    std::uint64_t at = 0;
    const ipld::CarReader* self = nullptr;
    ipld::CarReader reader([&](const Cid& cid, ByteView block) -> Result<void> {
      // The header is known when the first block comes; it is written in one way only.
      if (at == 0) at = ipld::car_header(self->roots()).size();
      const std::uint64_t head = ipld::car_section_head(cid, block.size()).size();
      places_.try_emplace(key_of(cid), ByteRange{at + head, at + head + block.size()});
      at += head + block.size();
      return {};
    });
    self = &reader;
    Bytes piece;
    for (std::uint64_t offset = 0; offset < size; offset += piece.size()) {
      piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_mib, size - offset)));
      EAI_CHECK(read_at(fd_.get(), offset, piece));
      EAI_CHECK(reader.feed(piece));
    }
    return reader.finish();
  }

  std::string name_;
  UniqueFd fd_;
  std::map<std::string, ByteRange> places_;
};

// One audit of one home.
class Audit {
 public:
  Audit(const Cid& hash, BlockSource& source, std::uint64_t samples)
      : hash_(hash), source_(source), samples_(samples) {}

  Result<Verdict> go() {
    EAI_TRY(const ByteView document, verified(hash_));
    EAI_TRY(model::Metadata metadata, model::parse_metadata(document));
    verdict_.files = std::move(metadata.files);
    std::vector<ipld::LeafRange> leaves;
    for (const auto& file : verdict_.files) {
      fetched_ = 0;
      auto below = ipld::list_leaves(file.cid, file.size, [this](const Cid& cid) { return verified(cid); });
      if (!below) {
        Error error = std::move(below).error().with(source_.name() + ": " + file.file_name);
        // Not even the first root: perhaps this home gives files only.
        if (&file == &verdict_.files.front() && fetched_ == 0) return wholes(std::move(error));
        return Failure(std::move(error));
      }
      leaves.insert(leaves.end(), below->begin(), below->end());
    }
    verdict_.all_leaves = leaves.size();
    for (const auto& leaf : draw(leaves, samples_)) {
      EAI_CHECK(verified(leaf.cid));
      ++verdict_.leaves;
    }
    return verdict_;
  }

 private:
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
    if (hasher.finish() == file.sha256) return {};
    return fail(Code::corrupt, source_.name() + ": " + file.file_name + " does not fit its SHA-256");
  }

  const Cid& hash_;
  BlockSource& source_;
  std::uint64_t samples_;
  Verdict verdict_;
  Bytes held_;
  std::size_t fetched_ = 0;  // blocks, of the file that is looked at
};

std::string text_at(const json::object& object, const std::vector<const char*>& keys) {
  for (const char* key : keys) {
    const json::value* found = object.if_contains(key);
    if (found == nullptr) continue;
    if (found->is_string()) return printable(std::string(found->get_string()), 100);
    if (found->is_number()) return json::serialize(*found);
  }
  return "";
}

// [...], {"data": [...]}, {"data": {"dealStatus": [...]}}
const json::array* find_deals(const json::value& value) {
  if (value.is_array()) return &value.get_array();
  if (!value.is_object()) return nullptr;
  for (const char* key : {"data", "dealStatus"}) {
    if (const json::value* found = value.get_object().if_contains(key)) return find_deals(*found);
  }
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<BlockSource>> make_source(const std::string& word, const AuditSettings& settings) {
  const auto http = [&](std::string url, HttpSource::Kind kind) -> std::unique_ptr<BlockSource> {
    return std::make_unique<HttpSource>(word, std::move(url), kind, settings);
  };
  if (word == "lighthouse") return http(settings.lighthouse_gateway, HttpSource::Kind::gateway);
  if (word == "kubo") return http(settings.kubo_api, HttpSource::Kind::kubo);
  if (word.starts_with("kubo:")) return http(word.substr(5), HttpSource::Kind::kubo);
  if (word.starts_with("car:")) {
    auto car = CarSource::open(word, word.substr(4));
    // The word is right, the file is not: one home's verdict.
    if (!car && car.error().code == Code::invalid) return fail(Code::corrupt, std::move(car).error().message);
    return car;
  }
  if (word.starts_with("http://") || word.starts_with("https://")) return http(word, HttpSource::Kind::gateway);
  if (word.starts_with("pinning:")) {
    return fail(Code::invalid, word + " gives no bytes back; name a gateway or kubo:<URL> that has what it pins");
  }
  return fail(Code::invalid, "\"" + printable(word) +
                                 "\" cannot be asked; use lighthouse, kubo, kubo:<URL>, car:<file> or a gateway's URL");
}

Result<Verdict> audit(const Cid& hash, BlockSource& source, std::uint64_t samples) {
  return Audit(hash, source, samples).go();
}

Result<std::vector<Deal>> parse_deals(ByteView bytes) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(text_of(bytes)), error);
  const json::array* list = error ? nullptr : find_deals(value);
  if (list == nullptr) return fail(Code::network, "no list of deals: " + printable(text_of(bytes), 200));
  std::vector<Deal> deals;
  for (const json::value& entry : *list) {
    if (!entry.is_object()) return fail(Code::network, "a deal that is no object: " + printable(text_of(bytes), 200));
    const json::object& deal = entry.get_object();
    deals.push_back({text_at(deal, {"dealStatus", "status"}), text_at(deal, {"storageProvider", "miner"}),
                     text_at(deal, {"chainDealID", "dealId"})});
  }
  return deals;
}

Result<std::vector<Deal>> deals_of(const std::string& api, const Cid& cid, const AuditSettings& settings) {
  Call call;
  call.what = "lighthouse: deals of " + cid.str();
  call.method = "GET";
  call.url = api + "/api/lighthouse/deal_status?cid=" + cid.str();
  EAI_TRY(const Bytes answer, exchange(call, settings.tries, settings.stop));
  auto deals = parse_deals(answer);
  if (!deals) return Failure(std::move(deals).error().with(call.what));
  return deals;
}

}  // namespace eai::preserve
