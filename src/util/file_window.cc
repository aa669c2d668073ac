#include "util/file_window.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

#include "util/file.h"

namespace eai {

// The signal handler may look at this whatever it has interrupted.
struct FileWindow::Slot {
  std::atomic<bool> taken = false, cut = false;
  std::atomic<std::uintptr_t> begin = 0, end = 0;
};

struct BusErrors {
  static constexpr std::size_t k_most = 64;
  static std::array<FileWindow::Slot, k_most> slots;
  static std::size_t page_size;

  static FileWindow::Slot* take() {
    for (auto& slot : slots) {
      if (!slot.taken.exchange(true)) return &slot;
    }
    return nullptr;
  }

  // Puts zeros in place of the missing page, so that the reader can go on.
  static void on_bus_error(int, siginfo_t* info, void*) {
    const int saved = errno;
    const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
    bool ours = false;
    for (auto& slot : slots) {
      if (at < slot.begin || at >= slot.end) continue;
      slot.cut = true;
      ours = true;
    }
    void* const page = static_cast<char*>(info->si_addr) - at % page_size;
    ours = ours && ::mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
    errno = saved;
    if (ours) return;
    ::signal(SIGBUS, SIG_DFL);
    ::raise(SIGBUS);  // arrives once we have returned
  }

  static void watch() {
    static std::once_flag once;
    std::call_once(once, [] {
      struct sigaction action {};
      action.sa_sigaction = on_bus_error;
      action.sa_flags = SA_SIGINFO;
      ::sigemptyset(&action.sa_mask);
      ::sigaction(SIGBUS, &action, nullptr);
    });
  }
};

std::array<FileWindow::Slot, BusErrors::k_most> BusErrors::slots;
std::size_t BusErrors::page_size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

namespace {

bool is_in_memory(void* page) {
#ifdef __APPLE__
  char there = 0;
#else
  unsigned char there = 0;
#endif
  return ::mincore(page, 1, &there) == 0 && (there & 1) != 0;
}

// Asking for what is in memory costs a good part of what a copy would, so two pages tell about all of them.
void read_ahead(void* at, std::size_t size) {
  const std::size_t last = (size - 1) / BusErrors::page_size * BusErrors::page_size;
  if (!is_in_memory(at) || !is_in_memory(static_cast<char*>(at) + last)) ::madvise(at, size, MADV_WILLNEED);
}

}  // namespace

Result<std::shared_ptr<const FileWindow>> FileWindow::open(int fd, std::uint64_t offset, std::size_t size,
                                                           bool may_map) {
  std::shared_ptr<FileWindow> window(new FileWindow);
  if (size == 0) return window;
  const std::uint64_t before = offset % BusErrors::page_size;
  Slot* slot = may_map ? BusErrors::take() : nullptr;
  if (slot != nullptr) {
    window->slot_ = slot;
    const std::size_t all = static_cast<std::size_t>(before) + size;
    BusErrors::watch();
    void* at = ::mmap(nullptr, all, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(offset - before));
    if (at != MAP_FAILED) {
      window->mapped_ = at;
      window->mapped_size_ = all;
      slot->cut = false;
      slot->begin =
          reinterpret_cast<std::uintptr_t>(at);  // before the end, so that until then the slot matches no address
      slot->end = reinterpret_cast<std::uintptr_t>(at) + all;
      read_ahead(at, all);
      window->bytes_ = ByteView(static_cast<const std::uint8_t*>(at) + before, size);
      return window;
    }
  }
  window->read_.resize(size);
  EAI_CHECK(read_at(fd, offset, window->read_));
  window->bytes_ = window->read_;
  return window;
}

FileWindow::~FileWindow() {
  if (slot_ == nullptr) return;
  slot_->end = 0;
  slot_->begin = 0;
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_size_);
  slot_->taken = false;
}

bool FileWindow::cut() const { return mapped_ != nullptr && slot_->cut; }

}  // namespace eai
