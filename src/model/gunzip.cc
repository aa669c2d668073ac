#include "model/gunzip.h"

#include <algorithm>
#include <limits>
#include <string>

#include <isa-l.h>

namespace eai::model {
namespace {

// Each call of isal_inflate copies up to 64 KiB of history. A window much larger than that hides the cost, and one that
// fits into the second-level cache keeps the reader of the output fast.
constexpr std::size_t k_output_size = 512 * k_kib;

// The layout of inflate_state belongs to this version of the library.
std::string layout_tag() {
  return "isa-l " + std::to_string(ISAL_MAJOR_VERSION) + "." + std::to_string(ISAL_MINOR_VERSION) + "." +
         std::to_string(ISAL_PATCH_VERSION) + " " + std::to_string(sizeof(inflate_state));
}

Failure failure_of(int code) {
  const char* what = "the compressed data is damaged";
  if (code == ISAL_INVALID_WRAPPER) what = "it is not gzip data";
  if (code == ISAL_UNSUPPORTED_METHOD) what = "the gzip data has an unknown method of compression";
  if (code == ISAL_INCORRECT_CHECKSUM) what = "the gzip data does not match its checksum or length";
  return fail(Code::corrupt, what);
}

}  // namespace

struct Gunzip::State {
  enum class Phase : std::uint64_t { between, header, body };

  inflate_state inflate{};
  isal_gzip_header header{};
  Phase phase = Phase::between;
  bool any_member_ended = false;
  std::unique_ptr<std::uint8_t[]> output = std::make_unique_for_overwrite<std::uint8_t[]>(k_output_size);

  void start_member() {
    isal_inflate_reset(&inflate);
    inflate.crc_flag = ISAL_GZIP_NO_HDR_VER;
    isal_gzip_header_init(&header);
    phase = Phase::header;
  }

  Result<void> read_header() {
    const int code = isal_read_gzip_header(&inflate, &header);
    if (code < 0) {
      if (code == ISAL_INVALID_WRAPPER && any_member_ended) {
        return fail(Code::corrupt, "bytes that are not gzip data follow the end of the gzip data");
      }
      return failure_of(code);
    }
    if (code == ISAL_DECOMP_OK) phase = Phase::body;
    return {};
  }

  Result<void> read_body(const Output& give) {
    do {
      inflate.next_out = output.get();
      inflate.avail_out = static_cast<std::uint32_t>(k_output_size);
      const int code = isal_inflate(&inflate);
      if (code != ISAL_DECOMP_OK) return failure_of(code);
      const std::size_t made = k_output_size - inflate.avail_out;
      if (made > 0) EAI_CHECK(give({output.get(), made}));
    } while (inflate.block_state != ISAL_BLOCK_FINISH && inflate.avail_out == 0);
    if (inflate.block_state == ISAL_BLOCK_FINISH) {
      phase = Phase::between;
      any_member_ended = true;
    }
    return {};
  }
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) { isal_inflate_init(&state_->inflate); }
Gunzip::Gunzip(Gunzip&&) noexcept = default;
Gunzip& Gunzip::operator=(Gunzip&&) noexcept = default;
Gunzip::~Gunzip() = default;

Result<void> Gunzip::feed(ByteView bytes, const Output& output) {
  State& s = *state_;
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), std::numeric_limits<std::uint32_t>::max() / 2);
    // ISA-L's interface lacks the const, but it only reads.
    s.inflate.next_in = const_cast<std::uint8_t*>(bytes.data());
    s.inflate.avail_in = static_cast<std::uint32_t>(size);
    if (s.phase == State::Phase::between) s.start_member();
    if (s.phase == State::Phase::header) EAI_CHECK(s.read_header());
    if (s.phase == State::Phase::body) EAI_CHECK(s.read_body(output));
    bytes = bytes.subspan(size - s.inflate.avail_in);
  }
  return {};
}

bool Gunzip::at_end() const { return state_->phase == State::Phase::between && state_->any_member_ended; }

void Gunzip::save(StateWriter& out) const {
  out.text(layout_tag());
  out.number(static_cast<std::uint64_t>(state_->phase));
  out.number(state_->any_member_ended ? 1 : 0);
  inflate_state inflate = state_->inflate;
  inflate.next_in = nullptr;
  inflate.next_out = nullptr;
  inflate.avail_in = inflate.avail_out = 0;
  out.object(inflate);
  out.object(state_->header);
}

bool Gunzip::load(StateReader& in) {
  if (in.text() != layout_tag()) return false;
  const std::uint64_t phase = in.number();
  if (phase > static_cast<std::uint64_t>(State::Phase::body)) return false;
  state_->phase = static_cast<State::Phase>(phase);
  state_->any_member_ended = in.number() != 0;
  in.object(state_->inflate);
  in.object(state_->header);
  return true;
}

}  // namespace eai::model
