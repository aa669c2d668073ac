#include "model/tar_reader.h"

#include <algorithm>
#include <memory>

#include <archive.h>
#include <archive_entry.h>

#include "util/text.h"

namespace eai::model {
namespace {

constexpr std::size_t k_block = 512;
// The long names and pax records of an honest tar take a few blocks.
constexpr std::size_t k_headers_limit = k_mib;
// tar pads its end with zeros to the record size, which is mostly 10 KiB, and a few MiB with a large blocking factor.
constexpr std::uint64_t k_trailing_limit = 16 * k_mib;

constexpr std::size_t k_size_field = 124;
constexpr std::size_t k_size_field_length = 12;
constexpr std::size_t k_type_field = 156;

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

std::uint64_t padding_of(std::uint64_t size) { return (k_block - size % k_block) % k_block; }

bool is_extension(char type) { return type == 'x' || type == 'g' || type == 'L' || type == 'K'; }

// The size of an extended header. It is always in octal digits, because its body is short.
Result<std::uint64_t> extension_size(ByteView block) {
  std::uint64_t size = 0;
  bool any = false;
  for (std::uint8_t c : block.subspan(k_size_field, k_size_field_length)) {
    if (c == ' ' || c == 0) {
      if (any) break;
      continue;
    }
    if (c < '0' || c > '7') return fail(Code::corrupt, "a tar header has no readable size");
    any = true;
    size = size * 8 + (c - '0');
  }
  return size;
}

// Why an entry of this kind is refused; nullptr for plain files and folders.
const char* refusal_of(char type) {
  switch (type) {
    case '0':
    case 0:
    case '5':
      return nullptr;
    case '1':
      return "a hard link";
    case '2':
      return "a symbolic link";
    case '3':
    case '4':
      return "a device";
    case '6':
      return "a named pipe";
    case 'S':
      return "a sparse file";
    default:
      return "of an unknown kind";
  }
}

struct FreeArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};

Result<TarEntry> parse_headers(const Bytes& headers) {
  const std::unique_ptr<archive, FreeArchive> reader(archive_read_new());
  archive* a = reader.get();
  if (a == nullptr || archive_read_support_format_tar(a) != ARCHIVE_OK) {
    return fail(Code::io, "libarchive cannot be set up");
  }
  // A warning says that a name cannot be converted to the current locale. The entry then has the name's own bytes.
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(a, headers.data(), headers.size()) != ARCHIVE_OK ||
      archive_read_next_header(a, &entry) < ARCHIVE_WARN || entry == nullptr) {
    const char* text = archive_error_string(a);
    return fail(Code::corrupt, "a tar header is damaged (" + printable(text != nullptr ? text : "no entry") + ")");
  }
  const char* path = archive_entry_pathname(entry);
  if (path == nullptr || *path == '\0') return fail(Code::invalid, "refused: the tar holds an entry without a name");
  TarEntry out{path, archive_entry_filetype(entry) == AE_IFDIR, 0};
  const std::string quoted = "\"" + printable(path) + "\"";
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr) {
    return fail(Code::invalid, "refused: " + quoted + " in the tar is a link");
  }
  if (!out.is_folder && archive_entry_filetype(entry) != AE_IFREG) {
    return fail(Code::invalid, "refused: " + quoted + " in the tar is neither a file nor a folder");
  }
  if (archive_entry_sparse_count(entry) > 0) {
    return fail(Code::invalid, "refused: " + quoted + " in the tar is a sparse file");
  }
  const auto size = archive_entry_size(entry);
  if (size < 0) return fail(Code::corrupt, "a tar header has a negative size");
  out.size = static_cast<std::uint64_t>(size);
  if (out.is_folder && out.size > 0)
    return fail(Code::invalid, "refused: the folder " + quoted + " in the tar has a size");
  return out;
}

}  // namespace

Result<void> TarReader::feed(ByteView bytes, TarHandler& handler) {
  while (!bytes.empty()) {
    if (phase_ == Phase::header) {
      EAI_TRY(bytes, feed_header(bytes, handler));
    } else if (phase_ == Phase::end) {
      return feed_end(bytes);
    } else {
      EAI_TRY(bytes, feed_body(bytes, handler));
    }
  }
  return {};
}

Result<ByteView> TarReader::feed_header(ByteView bytes, TarHandler& handler) {
  const std::size_t take = std::min<std::size_t>(bytes.size(), wanted_ - headers_.size());
  headers_.insert(headers_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(take));
  if (headers_.size() == wanted_) EAI_CHECK(block_done(handler));
  return bytes.subspan(take);
}

// headers_ has reached the wanted size: a header block, or the body of an extended header.
Result<void> TarReader::block_done(TarHandler& handler) {
  if (in_extension_) {
    in_extension_ = false;
    wanted_ = headers_.size() + k_block;
    return {};
  }
  const ByteView block = ByteView(headers_).last(k_block);
  if (all_zero(block)) {
    if (headers_.size() > k_block) return fail(Code::corrupt, "the tar ends after an extended header");
    headers_.clear();
    phase_ = Phase::end;
    return {};
  }
  const char type = static_cast<char>(block[k_type_field]);
  if (!is_extension(type)) return start_entry(handler);

  EAI_TRY(std::uint64_t size, extension_size(block));
  if (size > k_headers_limit || headers_.size() + size > k_headers_limit) {
    return fail(Code::invalid, "refused: the extended tar headers have more than " + human_bytes(k_headers_limit));
  }
  in_extension_ = size > 0;
  wanted_ = headers_.size() + (size > 0 ? size + padding_of(size) : k_block);
  return {};
}

Result<void> TarReader::start_entry(TarHandler& handler) {
  const char type = static_cast<char>(headers_[headers_.size() - k_block + k_type_field]);
  if (const char* refusal = refusal_of(type)) {
    return fail(Code::invalid, std::string("refused: the tar holds an entry that is ") + refusal);
  }
  EAI_TRY(TarEntry entry, parse_headers(headers_));
  headers_.clear();
  wanted_ = k_block;
  EAI_CHECK(handler.entry(entry));
  if (entry.size == 0) {
    if (!entry.is_folder) EAI_CHECK(handler.entry_done());
    return {};
  }
  phase_ = Phase::body;
  left_ = entry.size;
  padding_ = padding_of(entry.size);
  return {};
}

Result<ByteView> TarReader::feed_body(ByteView bytes, TarHandler& handler) {
  const ByteView part = bytes.first(std::min<std::uint64_t>(bytes.size(), left_));
  if (phase_ == Phase::body) EAI_CHECK(handler.body(part));
  left_ -= part.size();
  if (left_ == 0 && phase_ == Phase::body) {
    EAI_CHECK(handler.entry_done());
    phase_ = Phase::padding;
    left_ = padding_;
  }
  if (left_ == 0) phase_ = Phase::header;
  return bytes.subspan(part.size());
}

Result<void> TarReader::feed_end(ByteView bytes) {
  trailing_ += bytes.size();
  if (!all_zero(bytes)) return fail(Code::invalid, "refused: bytes follow the end of the tar");
  if (trailing_ > k_trailing_limit) {
    return fail(Code::invalid, "refused: more than " + human_bytes(k_trailing_limit) + " follow the end of the tar");
  }
  return {};
}

void TarReader::save(StateWriter& out) const {
  out.number(static_cast<std::uint64_t>(phase_));
  out.blob(headers_);
  for (std::uint64_t value : {wanted_, std::uint64_t{in_extension_}, left_, padding_, trailing_}) out.number(value);
}

bool TarReader::load(StateReader& in) {
  const std::uint64_t phase = in.number();
  if (phase > static_cast<std::uint64_t>(Phase::end)) return false;
  phase_ = static_cast<Phase>(phase);
  const ByteView headers = in.blob();
  headers_.assign(headers.begin(), headers.end());
  wanted_ = in.number();
  in_extension_ = in.number() != 0;
  left_ = in.number();
  padding_ = in.number();
  trailing_ = in.number();
  return phase_ != Phase::header || headers_.size() < wanted_;
}

}  // namespace eai::model
