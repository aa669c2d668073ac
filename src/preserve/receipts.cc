#include "preserve/receipts.h"

#include <cerrno>

#include <boost/json.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_limit = 64 * k_mib;

std::string key_of(std::string_view home, std::string_view hash, std::uint64_t size) {
  return std::string(home) + " " + std::string(hash) + " " + std::to_string(size);
}

}  // namespace

Result<std::unique_ptr<Receipts>> Receipts::open(const fs::path& file) {
  EAI_CHECK(make_folders(file.parent_path(), 0700));
  auto lock = FileLock::take(file.string() + ".lock", FileLock::Wait::no);
  if (!lock) return Failure(std::move(lock).error().with("this folder is being preserved already"));
  EAI_TRY(UniqueFd fd, open_file(file, O_RDWR | O_CREAT | O_APPEND));
  EAI_TRY(const Bytes bytes, read_file(file, k_limit));
  std::unique_ptr<Receipts> out(new Receipts(file, *std::move(lock), std::move(fd)));
  std::string_view text = text_of(bytes);
  std::size_t whole = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', whole)) {
    out->read_line(text.substr(whole, end - whole));
    whole = end + 1;
  }
  // What a crash left behind the last whole line.
  if (::ftruncate(out->fd_.get(), static_cast<off_t>(whole)) != 0) return fail_errno("writing " + file.string(), errno);
  return out;
}

void Receipts::read_line(std::string_view line) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) return;
  const json::value* home = object->if_contains("home");
  const json::value* hash = object->if_contains("sha256");
  const json::value* size = object->if_contains("size");
  const json::value* cid = object->if_contains("cid");
  if (!home || !hash || !size || !cid || !home->is_string() || !hash->is_string() || !cid->is_string()) return;
  json::error_code no_number;
  const auto bytes = size->to_number<std::uint64_t>(no_number);
  auto parsed = content::Cid::parse(std::string(cid->get_string()));
  if (no_number || !parsed) return;
  by_key_.insert_or_assign(key_of(home->get_string(), hash->get_string(), bytes), *parsed);
}

std::optional<content::Cid> Receipts::find(const std::string& home, const content::Sha256& sha256,
                                           std::uint64_t size) const {
  std::lock_guard guard(mutex_);
  auto found = by_key_.find(key_of(home, to_hex(sha256), size));
  return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> Receipts::add(const std::string& home, const content::Sha256& sha256, std::uint64_t size,
                           const content::Cid& cid) {
  std::lock_guard guard(mutex_);
  const std::string hash = to_hex(sha256);
  const json::object line{{"home", home}, {"sha256", hash}, {"size", size}, {"cid", cid.str()}};
  EAI_CHECK(write_all(fd_.get(), view_of(json::serialize(line) + "\n")));
  if (::fsync(fd_.get()) != 0) return fail_errno("syncing " + file_.string(), errno);
  by_key_.insert_or_assign(key_of(home, hash, size), cid);
  return {};
}

Result<void> Receipts::remove() { return eai::remove_all(file_); }

}  // namespace eai::preserve
