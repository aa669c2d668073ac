// Each byte of an archive's part is hashed once on its way, and each byte of the model once as part of the whole and once
// as part of its leaf. Counted where all hashing by OpenSSL goes through: this program's own EVP_DigestUpdate stands in
// front of OpenSSL's. What FileHasher does in lanes, where the processor has them, is not among it.
#include <atomic>

#include <dlfcn.h>
#include <openssl/evp.h>

#include "fetch/fetch_testing.h"
#include "ipld/sha256_lanes.h"

namespace {

std::atomic<std::uint64_t> g_hashed = 0;

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int EVP_DigestUpdate(EVP_MD_CTX* context, const void* data, std::size_t size) {
  static const auto real = next<decltype(&EVP_DigestUpdate)>("EVP_DigestUpdate");
  g_hashed += size;
  return real(context, data, size);
}

int EVP_Digest(const void* data, std::size_t size, unsigned char* digest, unsigned* digest_size, const EVP_MD* type,
               ENGINE* engine) {
  static const auto real = next<decltype(&EVP_Digest)>("EVP_Digest");
  g_hashed += size;
  return real(data, size, digest, digest_size, type, engine);
}

}  // extern "C"

namespace eai::fetch {
namespace {

using fakes::LyingGateway;

class HashCount : public FetchTest {
 protected:
  std::uint64_t hashed_by_download(const Sources& sources) {
    const std::uint64_t before = g_hashed;
    auto model = download(sources);
    const std::uint64_t hashed = g_hashed - before;
    expect_whole(model);
    return hashed;
  }
  // Beside parts and files only what is small: the metadata, and at each part the unpacker's own state.
  void expect_once(std::uint64_t hashed) const {
    const std::uint64_t once = model_.archive_size + (ipld::has_sha256_lanes() ? 0 : 2 * model_.gguf.size());
    EXPECT_GE(hashed, once);
    EXPECT_LE(hashed, once + (model_.metadata.files.size() + 1) * 64 * k_kib);
  }
};

TEST_F(HashCount, EveryByteOnceFromGatewaysAndFromFolders) {
  make_model(12'000'000, 4 * k_mib);
  {
    LyingGateway one(lies("honest", {"--rate", "20000000"}));
    LyingGateway two(lies("honest", {"--rate", "20000000"}));
    expect_once(hashed_by_download({{}, {one.url(), two.url()}}));
  }
  {
    auto lock = store_.lock(model_.id, FileLock::Wait::no);
    ASSERT_TRUE(lock);
    ASSERT_TRUE(store_.remove(*std::move(lock)));
  }
  // The blocks have been lying there since before the first download.
  expect_once(hashed_by_download({{blocks_}, {}}));
}

}  // namespace
}  // namespace eai::fetch
