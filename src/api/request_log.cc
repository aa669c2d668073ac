#include "api/request_log.h"

#include <ctime>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"
#include "util/own_folder.h"

namespace eai::api {

std::string log_line(const Record& record, std::chrono::system_clock::time_point now) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  const double took = std::chrono::duration<double, std::milli>(Record::Clock::now() - record.begun).count();
  return fmt::format(
      "{{\"time\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\",\"id\":\"{}\",\"path\":\"{}\",\"model\":\"{}\","
      "\"status\":{},\"whole\":{},\"ms\":{:.1f},\"bytes\":{},\"prompt_tokens\":{},\"generated_tokens\":{}}}\n",
      utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds % 1000,
      record.id, record.path, record.model, record.status, record.whole, took, record.bytes, record.usage.prompt,
      record.usage.generated);
}

void RequestLog::open(const fs::path& path, std::uint64_t limit) {
  limit_ = limit;
  if (path == path_) return;
  path_ = path;
  reopen();
}

void RequestLog::reopen() {
  file_.reset();
  size_ = 0;
  if (path_.empty()) return;
  auto folder = OwnFolder::open(path_.parent_path(), Privacy::secret);
  auto opened = folder ? folder->open_file(path_.filename().string(), O_WRONLY | O_CREAT | O_APPEND)
                       : Failure(std::move(folder).error());
  if (!opened) {
    log::warn("no request log: {}", opened.error().message);
    return;
  }
  struct stat info {};
  if (::fstat(opened->get(), &info) == 0) size_ = static_cast<std::uint64_t>(info.st_size);
  ::fchmod(opened->get(), 0600);
  file_ = *std::move(opened);
}

void RequestLog::note(const Record& record) {
  if (!file_) return;
  const std::string line = log_line(record, std::chrono::system_clock::now());
  if (size_ + line.size() > limit_) {
    const std::string name = path_.filename().string();
    if (auto folder = OwnFolder::open(path_.parent_path(), Privacy::secret)) (void)folder->put_aside(name);
    reopen();
    if (!file_) return;
  }
  const auto written = ::write(file_.get(), line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) {
    size_ += line.size();
    return;
  }
  log::warn("the request log {} cannot be written; it ends here", path_.native());
  file_.reset();
}

}  // namespace eai::api
