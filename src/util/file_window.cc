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

// What the signal's handler may look at, whatever was interrupted.
struct FileWindow::Slot {
  std::atomic<bool> taken = false, cut = false;
  std::atomic<std::uintptr_t> begin = 0, end = 0;
};

struct BusErrors {
  static constexpr std::size_t k_most = 64;
  static std::array<FileWindow::Slot, k_most> slots;

  static FileWindow::Slot* take() {
    for (auto& slot : slots) {
      if (!slot.taken.exchange(true)) return &slot;
    }
    return nullptr;
  }

  // Puts zeros in place of the window, so that whoever reads there can go on.
  static void on_bus_error(int, siginfo_t* info, void*) {
    const int saved = errno;
    const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (auto& slot : slots) {
      const std::uintptr_t begin = slot.begin, end = slot.end;
      if (at < begin || at >= end) continue;
      slot.cut = true;
      void* zeros = ::mmap(reinterpret_cast<void*>(begin), end - begin, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      errno = saved;
      if (zeros != MAP_FAILED) return;
      break;
    }
    ::signal(SIGBUS, SIG_DFL);  // it happens again at once, and ends the program
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

Result<std::shared_ptr<const FileWindow>> FileWindow::open(int fd, std::uint64_t offset, std::size_t size) {
  std::shared_ptr<FileWindow> window(new FileWindow);
  if (size == 0) return window;
  const std::uint64_t before = offset % static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  Slot* slot = BusErrors::take();
  if (slot != nullptr) {
    window->slot_ = slot;
    const std::size_t all = static_cast<std::size_t>(before) + size;
    BusErrors::watch();
    void* at = ::mmap(nullptr, all, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(offset - before));
    if (at != MAP_FAILED) {
      window->mapped_ = at;
      window->mapped_size_ = all;
      slot->cut = false;
      slot->end = reinterpret_cast<std::uintptr_t>(at) + all;
      slot->begin = reinterpret_cast<std::uintptr_t>(at);
      ::madvise(at, all, MADV_WILLNEED);
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
  slot_->begin = slot_->end = 0;
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_size_);
  slot_->taken = false;
}

bool FileWindow::cut() const { return mapped_ != nullptr && slot_->cut; }

}  // namespace eai
