// A CARv1 on a disk: every block of the model, with the metadata's CID as its root. It is written under another name,
// and gets its own name only when it is complete.
#include <cerrno>
#include <mutex>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipld/car.h"
#include "ipld/varint.h"
#include "preserve/hash_unixfs.h"
#include "preserve/home.h"
#include "util/own_folder.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using ipld::Cid;

class CarFile final : public Home {
 public:
  CarFile(std::string name, fs::path file)
      : Home(std::move(name)), file_(std::move(file)), unfinished_(file_.string() + ".unfinished") {}
  ~CarFile() override {
    if (fd_) ::unlink(unfinished_.c_str());
  }

  bool whole_or_nothing() const override { return true; }

  Result<void> prepare(std::uint64_t bytes, const std::vector<Home*>&) override {
    EAI_CHECK(not_there());
    EAI_TRY(UniqueFd fd, open_own_file(unfinished_, O_RDWR | O_CREAT, 0644));
    EAI_CHECK(ours_alone(fd.get()));
    fd_ = std::move(fd);
    EAI_TRY(const std::uint64_t room, free_space(file_));
    if (room < bytes) {
      return fail(Code::io, "disk full: " + file_.string() + " needs " + human_bytes(bytes) + ", and " +
                                human_bytes(room) + " are free");
    }
    // As long as the real one, which is known only at the end.
    return append(ipld::car_header({Cid::raw_of({})}));
  }

  Result<Cid> put_file(const Upload& upload) override {
    std::lock_guard lock(mutex_);
    Result<void> wrote;
    std::uint64_t sent = 0;
    auto on_leaf = [&](const Cid& cid, ByteView block) -> Result<void> {
      EAI_CHECK(section(cid, block));
      sent += block.size();
      if (upload.on_sent) upload.on_sent(sent);
      return {};
    };
    EAI_TRY(const ipld::TreeNode root,
            import_body(upload.body, upload.profile, on_leaf, [&](const Cid& cid, const Bytes& block) {
              if (wrote) wrote = section(cid, block);
            }));
    EAI_CHECK(std::move(wrote));
    return root.cid;
  }

  Result<void> put_car(const Upload& upload) override {
    std::lock_guard lock(mutex_);
    Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(k_mib, upload.body.size())));
    EAI_CHECK(upload.body.read(0, buffer));
    ByteView head = buffer;
    EAI_TRY(const std::uint64_t header, ipld::take_varint(head));
    std::uint64_t at = buffer.size() - head.size() + header;  // its own header is left out
    while (at < upload.body.size()) {
      buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_mib, upload.body.size() - at)));
      EAI_CHECK(upload.body.read(at, buffer));
      EAI_CHECK(append(buffer));
      at += buffer.size();
      if (upload.on_sent) upload.on_sent(at);
    }
    return {};
  }

  Result<void> keep(const Cid&, const std::string&) override { return {}; }

  Result<void> finish(const Cid& hash) override {
    EAI_CHECK(write_at(fd_.get(), 0, ipld::car_header({hash})));
    if (::fsync(fd_.get()) != 0) return fail_errno("syncing " + unfinished_.string(), errno);
    EAI_CHECK(rename_synced(unfinished_, file_));
    fd_.reset();
    return {};
  }

 private:
  Result<void> not_there() const {
    std::error_code error;  // a link counts, wherever it leads
    if (!fs::exists(fs::symlink_status(file_, error))) return {};
    return fail(Code::invalid, file_.string() + " already exists; remove it, or give another name");
  }
  // Makes sure that nobody else is writing it. What a killed run left is thrown away.
  Result<void> ours_alone(int fd) const {
    struct stat opened {
    }, there{};
    const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(fd, &opened) == 0;
    // Whoever held the lock before may have given the file its own name since then.
    const bool same = locked && ::lstat(unfinished_.c_str(), &there) == 0 && there.st_ino == opened.st_ino;
    if (auto free = not_there(); !free) {
      if (same) ::unlink(unfinished_.c_str());
      return free;
    }
    if (!same) return fail(Code::busy, file_.string() + " is being written by somebody else already");
    if (::ftruncate(fd, 0) != 0) return fail_errno("emptying " + unfinished_.string(), errno);
    return {};
  }
  Result<void> append(ByteView bytes) {
    if (auto done = write_at(fd_.get(), end_, bytes); !done)
      return Failure(std::move(done).error().with(file_.string()));
    end_ += bytes.size();
    return {};
  }
  Result<void> section(const Cid& cid, ByteView block) {
    EAI_CHECK(append(ipld::car_section_head(cid, block.size())));
    return append(block);
  }

  fs::path file_, unfinished_;
  std::mutex mutex_;
  UniqueFd fd_;
  std::uint64_t end_ = 0;
};

}  // namespace

std::unique_ptr<Home> make_car(std::string name, fs::path file) {
  return std::make_unique<CarFile>(std::move(name), std::move(file));
}

}  // namespace eai::preserve
