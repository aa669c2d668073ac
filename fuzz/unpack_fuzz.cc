// A container from anyone: nothing crashes, only names that the rules allow appear, and never more bytes than allowed.
// Cutting the input into other pieces, with a fresh Unpacker for each, changes nothing. The first byte chooses: with 0
// the rest is gzip, with 1 a tar (gzip's checksum would keep a fuzzer out); 2 and 3 mean the same with the rules of an
// image model.
#include <algorithm>
#include <cstdlib>
#include <map>

#include <isa-l.h>

#include "model/unpack.h"

namespace {

using namespace eai::model;
constexpr std::uint64_t k_limit = 1 << 20;

class Sink : public UnpackSink {
 public:
  explicit Sink(UnpackRules rules) : rules_(std::move(rules)) {}
  std::map<std::string, std::string> files;

  eai::Result<void> begin_file(const std::string& name, std::uint64_t size) override {
    if (!is_model_file(rules_.folder_name, rules_.task, name) || files.contains(name) || size > k_limit) std::abort();
    open_ = &files[name];
    return {};
  }
  eai::Result<void> data(eai::ByteView bytes) override {
    *open_ += eai::text_of(bytes);
    if (open_->size() > k_limit) std::abort();
    return {};
  }
  eai::Result<void> end_file() override { return {}; }
  eai::Result<void> resume_file(const std::string& name, std::uint64_t, std::uint64_t offset) override {
    open_ = &files.at(name);
    if (open_->size() != offset) std::abort();
    return {};
  }

 private:
  UnpackRules rules_;
  std::string* open_ = nullptr;
};

eai::Bytes stored_gzip(eai::ByteView plain) {
  eai::Bytes out = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
  const auto put = [&out](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  const std::uint32_t crc = crc32_gzip_refl(0, plain.data(), plain.size());
  const auto size = static_cast<std::uint32_t>(plain.size());
  while (plain.size() > 65535) {
    out.push_back(0);
    put(0x0000ffff, 4);
    out.insert(out.end(), plain.begin(), plain.begin() + 65535);
    plain = plain.subspan(65535);
  }
  out.push_back(1);
  put(static_cast<std::uint32_t>(plain.size()) | ~static_cast<std::uint32_t>(plain.size()) << 16, 4);
  out.insert(out.end(), plain.begin(), plain.end());
  put(crc, 4);
  put(size, 4);
  return out;
}

bool run(eai::ByteView bytes, const UnpackRules& rules, std::size_t step, Sink& sink) {
  Unpacker unpacker(rules, sink);
  while (!bytes.empty()) {
    const std::size_t size = std::min(step, bytes.size());
    if (!unpacker.feed(bytes.first(size))) return false;
    bytes = bytes.subspan(size);
    if (bytes.empty()) break;
    auto next = Unpacker::resume(unpacker.checkpoint(), rules, sink);
    if (!next) std::abort();
    unpacker = std::move(*next);
  }
  return unpacker.finish().has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const UnpackRules rules =
      (data[0] & 2) == 0 ? UnpackRules{"m", Task::chat, k_limit} : UnpackRules{"m", Task::image_generation, k_limit};
  eai::Bytes stream(data + 1, data + size);
  if ((data[0] & 1) != 0) stream = stored_gzip(stream);
  Sink whole(rules), pieces(rules);
  const bool whole_good = run(stream, rules, stream.size() + 1, whole);
  // Only a few pieces, because each costs a checkpoint of 100 KiB and its digest.
  const bool pieces_good = run(stream, rules, stream.size() / 5 + 1, pieces);
  if (whole_good != pieces_good || (whole_good && whole.files != pieces.files)) std::abort();
  return 0;
}
