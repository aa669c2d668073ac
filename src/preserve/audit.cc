#include "preserve/audit.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <random>

#include <fcntl.h>

#include "content/car.h"
#include "content/unixfs_reader.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using content::Cid;

class HttpSource final : public BlockSource {
 public:
  enum class Kind { gateway, kubo };
  HttpSource(std::string name, std::string url, Kind kind, const AuditSettings& settings)
      : name_(std::move(name)), url_(std::move(url)), kind_(kind), settings_(settings) {
    while (url_.ends_with('/')) url_.pop_back();
  }
  const std::string& name() const override { return name_; }

  Result<Bytes> block(const Cid& cid) override {
    Call call;
    call.what = name_ + ": block " + cid.str();
    call.answer_limit = content::k_block_limit;
    if (kind_ == Kind::kubo) {
      call.url = url_ + "/api/v0/block/get?offline=true&arg=" + cid.str();
    } else {
      call.method = "GET";
      call.url = url_ + "/ipfs/" + cid.str() + "?format=raw";
      call.headers = {{"Accept", "application/vnd.ipld.raw"}};
    }
    return exchange(call, settings_.tries, settings_.stop);
  }

 private:
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
    const auto found = places_.find(cid.hash().bytes());
    if (found == places_.end()) return fail(Code::not_found, name_ + ": block " + cid.str() + " is not in it");
    Bytes out(static_cast<std::size_t>(found->second.size()));
    EAI_CHECK(read_at(fd_.get(), found->second.begin, out));
    return out;
  }

 private:
  Result<void> index(std::uint64_t size) {
    std::uint64_t at = 0;
    const content::CarReader* self = nullptr;
    content::CarReader reader([&](const Cid& cid, ByteView block) -> Result<void> {
      // The header is known when the first block comes; it is written in one way only.
      if (at == 0) at = content::car_header(self->roots()).size();
      const std::uint64_t head = content::car_section_head(cid, block.size()).size();
      places_.try_emplace(cid.hash().bytes(), ByteRange{at + head, at + head + block.size()});
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
  std::map<Bytes, ByteRange> places_;
};

}  // namespace

Result<std::unique_ptr<BlockSource>> make_source(const std::string& word, const AuditSettings& settings) {
  const auto http = [&](std::string url, HttpSource::Kind kind) -> std::unique_ptr<BlockSource> {
    return std::make_unique<HttpSource>(word, std::move(url), kind, settings);
  };
  if (word == "lighthouse") return http(settings.lighthouse_gateway, HttpSource::Kind::gateway);
  if (word == "kubo") return http(settings.kubo_api, HttpSource::Kind::kubo);
  if (word.starts_with("kubo:")) return http(word.substr(5), HttpSource::Kind::kubo);
  if (word.starts_with("car:")) return CarSource::open(word, word.substr(4));
  if (word.starts_with("http://") || word.starts_with("https://")) return http(word, HttpSource::Kind::gateway);
  return fail(Code::invalid, "\"" + printable(word) +
                                 "\" cannot be asked; use lighthouse, kubo, kubo:<URL>, car:<file> or a gateway's URL");
}

Result<Verdict> audit(const Cid& hash, BlockSource& source, std::uint64_t samples) {
  Verdict verdict;
  Bytes held;
  auto verified = [&](const Cid& cid) -> Result<ByteView> {
    EAI_TRY(held, source.block(cid));
    if (auto good = content::verify(cid.hash(), held); !good) {
      return Failure(std::move(good).error().with(source.name() + ": block " + cid.str()));
    }
    verdict.bytes += held.size();
    return ByteView(held);
  };
  EAI_TRY(const ByteView json, verified(hash));
  EAI_TRY(const content::Metadata metadata, content::parse_metadata(json));
  std::vector<content::LeafRange> leaves;
  for (const auto& file : metadata.files) {
    auto below = content::list_leaves(file.cid, file.size, verified);
    if (!below) return Failure(std::move(below).error().with(source.name() + ": " + file.file_name));
    leaves.insert(leaves.end(), below->begin(), below->end());
  }
  verdict.all_leaves = leaves.size();
  std::vector<content::LeafRange> chosen;
  std::sample(leaves.begin(), leaves.end(), std::back_inserter(chosen), samples,
              std::mt19937_64(std::random_device()()));
  for (const auto& leaf : chosen) {
    EAI_CHECK(verified(leaf.cid));
    ++verdict.leaves;
  }
  return verdict;
}

Result<std::string> deal_state(const std::string& api, const Cid& cid, const AuditSettings& settings) {
  Call call;
  call.what = "lighthouse: deals of " + cid.str();
  call.method = "GET";
  call.url = api + "/api/lighthouse/deal_status?cid=" + cid.str();
  EAI_TRY(const Bytes answer, exchange(call, settings.tries, settings.stop));
  return printable(text_of(answer), 2000);
}

}  // namespace eai::preserve
