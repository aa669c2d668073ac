// A CAR file: where each block lies in it is found by reading all of it once, verified.
#include <map>

#include <fcntl.h>

#include "ipld/car.h"
#include "ipld/unixfs_reader.h"
#include "peers/block_source.h"

namespace eai::peers {
namespace {

using ipld::Cid;

class CarSource final : public BlockSource {
 public:
  CarSource(std::string name, UniqueFd fd) : name_(std::move(name)), fd_(std::move(fd)) {}
  const std::string& name() const override { return name_; }

  Result<void> index(std::uint64_t size) {
    std::uint64_t at = 0;
    const ipld::CarReader* self = nullptr;
    ipld::CarReader reader([&](const Cid& cid, ByteView block) -> Result<void> {
      // The header is known when the first block comes; there is only one way to write it.
      if (at == 0) at = ipld::car_header(self->roots()).size();
      const std::uint64_t head = ipld::car_section_head(cid, block.size()).size();
      places_.try_emplace(key_of(cid), ByteRange{at + head, at + head + block.size()});
      at += head + block.size();
      return {};
    });
    self = &reader;
    Bytes buffer;
    for (std::uint64_t offset = 0; offset < size; offset += buffer.size()) {
      buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_mib, size - offset)));
      EAI_CHECK(read_at(fd_.get(), offset, buffer));
      EAI_CHECK(reader.feed(buffer));
    }
    return reader.finish();
  }

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

  std::string name_;
  UniqueFd fd_;
  std::map<std::string, ByteRange> places_;
};

}  // namespace

Result<std::unique_ptr<BlockSource>> open_car_source(std::string name, const fs::path& file) {
  EAI_TRY(UniqueFd fd, open_file(file, O_RDONLY));
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  if (error) return fail(Code::io, file.string() + ": " + error.message());
  auto out = std::make_unique<CarSource>(std::move(name), std::move(fd));
  if (auto indexed = out->index(size); !indexed) return Failure(std::move(indexed).error().with(file.string()));
  return std::unique_ptr<BlockSource>(std::move(out));
}

}  // namespace eai::peers
