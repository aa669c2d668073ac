// Why: content_bench.py measures the code that downloads use, and this program runs it alone.
//   content_bench weights <bytes> <file>       data like Q8_0 weights
//   content_bench sha256 <seconds>             prints bytes per second over a buffer of 1 MiB
//   content_bench unpack <folder name> <out folder> <part>...   parts → files
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipld/hash.h"
#include "model/unpack.h"
#include "util/file.h"
#include "util/text.h"

namespace {

using namespace eai;

// Blocks of a half-precision scale and 32 numbers that are distributed like weights.
Result<void> make_weights(std::uint64_t size, const fs::path& path) {
  EAI_TRY(UniqueFd fd, open_file(path, O_CREAT | O_TRUNC | O_WRONLY, 0644));
  std::mt19937_64 random(7);
  std::normal_distribution<float> normal(0.0F, 38.0F);
  std::array<std::uint8_t, 65'536> numbers{};
  for (std::uint8_t& n : numbers) {
    n = static_cast<std::uint8_t>(static_cast<std::int8_t>(std::clamp(normal(random), -127.0F, 127.0F)));
  }
  Bytes buffer;
  while (size > 0) {
    buffer.clear();
    while (buffer.size() < k_mib) {
      buffer.push_back(static_cast<std::uint8_t>(random()));
      buffer.push_back(static_cast<std::uint8_t>(0x10 + random() % 4));
      for (int i = 0; i < 32; i += 4) {
        std::uint64_t draw = random();
        for (int j = 0; j < 4; ++j, draw >>= 16) buffer.push_back(numbers[draw & 0xffff]);
      }
    }
    buffer.resize(std::min<std::uint64_t>(buffer.size(), size));
    EAI_CHECK(write_all(fd.get(), buffer));
    size -= buffer.size();
  }
  return {};
}

void measure_sha256(double seconds) {
  const Bytes buffer(k_mib, 0x5a);
  ipld::Sha256Hasher hasher;
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t bytes = 0;
  double passed = 0;
  while (passed < seconds) {
    for (int i = 0; i < 16; ++i) hasher.update(buffer);
    bytes += 16 * buffer.size();
    passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  hasher.finish();
  std::printf("%.0f\n", static_cast<double>(bytes) / passed);
}

class FileSink : public model::UnpackSink {
 public:
  explicit FileSink(fs::path folder) : folder_(std::move(folder)) {}
  Result<void> begin_file(const std::string& name, std::uint64_t) override {
    EAI_TRY(fd_, open_file(folder_ / name, O_CREAT | O_TRUNC | O_WRONLY, 0644));
    return {};
  }
  Result<void> data(ByteView bytes) override { return write_all(fd_.get(), bytes); }
  Result<void> end_file() override {
    fd_.reset();
    return {};
  }
  Result<void> resume_file(const std::string& name, std::uint64_t, std::uint64_t) override {
    return fail(Code::unsupported, "resuming " + name);
  }

 private:
  fs::path folder_;
  UniqueFd fd_;
};

Result<void> unpack(const std::string& folder_name, const fs::path& out, std::span<char*> parts) {
  FileSink sink(out);
  model::Unpacker unpacker({folder_name, model::Task::chat, std::uint64_t{1} << 40}, sink);
  Bytes buffer(k_mib);
  for (const char* part : parts) {
    EAI_TRY(UniqueFd fd, open_file(part, O_RDONLY));
    for (ssize_t size = 0; (size = ::read(fd.get(), buffer.data(), buffer.size())) > 0;) {
      EAI_CHECK(unpacker.feed(ByteView(buffer).first(static_cast<std::size_t>(size))));
    }
  }
  return unpacker.finish();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  Result<void> result = fail(Code::invalid, "see the head of content_bench.cc for its arguments");
  if (what == "weights" && argc == 4) {
    result = make_weights(parse_u64(argv[2]).value_or(0), argv[3]);
  } else if (what == "sha256" && argc == 3) {
    measure_sha256(static_cast<double>(parse_u64(argv[2]).value_or(1)));
    result = {};
  } else if (what == "unpack" && argc > 4) {
    result = unpack(argv[2], argv[3], std::span(argv, static_cast<std::size_t>(argc)).subspan(4));
  }
  if (result) return 0;
  std::fprintf(stderr, "content_bench: %s\n", result.error().message.c_str());
  return 1;
}
