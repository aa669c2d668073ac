// Why: the tests need models that are whole: a GGUF file in an archive, cut into parts, named by CIDs; and a store,
// block folder and gateways to download them with. Included by tests only.
// Thread: each test's own.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/lying_gateway.h"
#include "fakes/small_gguf.h"
#include "fetch/fetch.h"
#include "http/client.h"
#include "ipld/hash.h"
#include "model/archive_writer.h"
#include "model/metadata.h"
#include "util/file.h"
#include "util/text.h"

namespace eai::fetch {

// A GGUF file with one tensor of `bytes` random bytes.
inline Bytes make_gguf(std::size_t bytes, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  Bytes tensor(bytes);
  for (std::uint8_t& byte : tensor) byte = static_cast<std::uint8_t>(random());
  return small_gguf(tensor);
}

// tar → gzip of a folder with one file.
inline Bytes make_archive(const std::string& folder, const std::string& name, const Bytes& file) {
  auto plan = model::TarPlan::make(folder, {{name, file.size()}});
  EXPECT_TRUE(plan);
  auto read = [&](std::size_t, std::uint64_t offset, std::span<std::uint8_t> into) -> Result<void> {
    std::memcpy(into.data(), file.data() + offset, into.size());
    return {};
  };
  Bytes out = model::gzip_head();
  model::GzipTail tail;
  model::BlockPacker packer;
  model::PackedBlock block;
  for (std::uint64_t at = 0; at < plan->size(); at += model::k_pack_block) {
    Bytes raw(std::min<std::uint64_t>(model::k_pack_block, plan->size() - at));
    EXPECT_TRUE(plan->fill(at, raw, read));
    packer.pack(raw, block);
    tail.add(block);
    out.insert(out.end(), block.bytes.begin(), block.bytes.end());
  }
  Bytes end = tail.finish();
  out.insert(out.end(), end.begin(), end.end());
  return out;
}

// A preserved model as files named by CID.
struct Preserved {
  ipld::Cid id = ipld::Cid::raw_of({});
  ipld::Cid metadata_cid = id;
  model::Metadata metadata;
  std::string json;
  Bytes gguf;
  std::uint64_t archive_size = 0;
};

// Parts of these sizes; the last one has what is left.
inline Preserved preserve_parts(const fs::path& blocks, const std::string& folder, const Bytes& archive,
                                const std::vector<std::uint64_t>& sizes) {
  Preserved out;
  out.archive_size = archive.size();
  out.metadata.folder_name = folder;
  out.metadata.chunk_size = sizes.empty() ? archive.size() : sizes.front();
  char letters[3] = "aa";
  std::uint64_t at = 0;
  for (std::size_t i = 0; i <= sizes.size(); ++i) {
    const ByteView part = ByteView(archive).subspan(at, i < sizes.size() ? sizes[i] : archive.size() - at);
    at += part.size();
    ipld::Cid cid = ipld::Cid::raw_of(part);
    EXPECT_TRUE(write_file_atomic(blocks / cid.str(), part));
    out.metadata.files.push_back({cid, folder + ".zip.part-" + letters, ipld::sha256(part), part.size(), true});
    if (letters[1]++ == 'z') {
      letters[1] = 'a';
      ++letters[0];
    }
  }
  out.json = model::write_metadata(out.metadata);
  out.id = out.metadata_cid = ipld::Cid::raw_of(view_of(out.json));
  EXPECT_TRUE(write_file_atomic(blocks / out.id.str(), view_of(out.json)));
  return out;
}

inline Preserved preserve_bytes(const fs::path& blocks, const std::string& folder, const Bytes& archive,
                                std::uint64_t part_size) {
  return preserve_parts(blocks, folder, archive,
                        std::vector<std::uint64_t>((archive.size() - 1) / part_size, part_size));
}

inline Preserved preserve_model(const fs::path& blocks, std::size_t weight_bytes, std::uint64_t part_size) {
  Bytes gguf = make_gguf(weight_bytes);
  Preserved out = preserve_bytes(blocks, "tiny", make_archive("tiny", "tiny", gguf), part_size);
  out.gguf = std::move(gguf);
  return out;
}

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    fs::create_directories(blocks_);
    options_.retry_delay = std::chrono::milliseconds(5);
    options_.stall_timeout = std::chrono::milliseconds(500);
    options_.max_retries = 2;
  }

  void make_model(std::size_t bytes = 3'000'000, std::uint64_t part_size = k_mib) {
    model_ = preserve_model(blocks_, bytes, part_size);
  }
  std::vector<std::string> lies(const std::string& mode, std::vector<std::string> more = {}) {
    std::vector<std::string> out = {"--blocks", blocks_.string(), "--mode", mode, "--spare", model_.id.str()};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Result<store::Model> download(const Sources& sources, std::stop_token stop = {}) {
    return fetch::download(
        model_.id, store_, sources, options_, [this](const Progress& progress) { progress_.push_back(progress); },
        stop);
  }
  // Stopped as by Ctrl-C as soon as it has received `bytes`.
  void download_until_stopped(std::uint64_t bytes) {
    fakes::LyingGateway slow(lies("honest", {"--rate", "500000"}));
    std::stop_source stop;
    auto model = fetch::download(
        model_.id, store_, {{}, {slow.url()}}, options_,
        [&](const Progress& progress) {
          if (progress.received > bytes) stop.request_stop();
        },
        stop.get_token());
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Code::cancelled);
  }
  void expect_whole(const Result<store::Model>& model) {
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_EQ(model->files.size(), 1u);
    auto bytes = read_file(*model->gguf(), 100 * k_mib);
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(*bytes == model_.gguf);
    EXPECT_EQ(model->files[0].sha256, ipld::sha256(model_.gguf));
    EXPECT_FALSE(fs::exists(partial()));
  }
  fs::path partial() const { return folder_.path() / "home" / "partial" / model_.id.str(); }
  static std::uint64_t bytes_sent(const fakes::LyingGateway& gateway) {
    http::Request request;
    request.url = gateway.url() + "/_requests";
    auto answer = http::fetch(request, 10 * k_mib);
    EXPECT_TRUE(answer);
    std::uint64_t sum = 0;
    std::string_view rest = text_of(answer->body);
    constexpr std::string_view k_key = "\"sent\": ";
    for (std::size_t at = rest.find(k_key); at != std::string_view::npos; at = rest.find(k_key)) {
      rest.remove_prefix(at + k_key.size());
      sum += parse_u64(rest.substr(0, rest.find('}'))).value_or(0);
    }
    return sum;
  }
  // Whether the next run would know this gateway for a liar.
  bool distrusts(const fakes::LyingGateway& gateway) const {
    const store::HomePaths home{folder_.path() / "home"};
    const peers::SourceMemory memory({home.sources(), home.sources_lock()});
    return memory.recall(peers::SourceMemory::key_of(gateway.url())).distrusted_until.has_value();
  }
  const SourceProgress& last(std::size_t source) const { return progress_.back().sources.at(source); }

  // One honest gateway beside a liar: the model comes whole.
  void expect_survives(const std::string& mode) {
    make_model();
    fakes::LyingGateway liar(lies(mode));
    fakes::LyingGateway honest(lies("honest"));
    expect_whole(download({{}, {liar.url(), honest.url()}}));
  }
  // Only the liar: an error that says what it did, nothing in the store.
  void expect_error(const std::string& mode, const std::string& words) {
    make_model();
    fakes::LyingGateway liar(lies(mode));
    auto model = download({{}, {liar.url()}});
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Code::network) << model.error().message;
    EXPECT_NE(model.error().message.find(words), std::string::npos) << model.error().message;
    EXPECT_NE(model.error().message.find(liar.url().substr(7)), std::string::npos) << model.error().message;
    EXPECT_FALSE(store_.find(model_.id));
  }

  TemporaryFolder folder_;
  fs::path blocks_ = folder_.path() / "blocks";
  store::Store store_ = *store::Store::open(folder_.path() / "home");
  Options options_;
  Preserved model_;
  std::vector<Progress> progress_;
};

}  // namespace eai::fetch
