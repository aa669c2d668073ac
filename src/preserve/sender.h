// Why: pieces go to one home, a few at a time, while the next ones are made.
// Thread: push(), put() and drain() from one thread; uploads run on its own threads.
// What holds: a piece counts as sent when the home answered with the right CID, and its receipt is on disk then.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "preserve/preserve.h"
#include "preserve/receipts.h"

namespace eai::preserve {

struct Piece {
  enum class Kind { file, car };
  Kind kind = Kind::file;
  Upload upload;
  content::Sha256 sha256{};  // names the bytes in receipts
};

class Sender {
 public:
  Sender(Home& home, Receipts* receipts, Monitor& monitor, std::size_t index, std::stop_source stop);
  ~Sender();
  void push(Piece piece);
  // At once, on this thread, whatever CID comes back: the caller judges it, and then says that it was right.
  Result<content::Cid> put(const Piece& piece);
  Result<void> accept(const Piece& piece, const content::Cid& cid);
  // Waits for what was pushed. The first error, if there was one: then the rest was dropped and `stop` asked for.
  Result<void> drain();
  std::uint64_t sent() const { return sent_; }
  std::uint64_t resumed() const { return resumed_; }
  Home& home() { return home_; }

 private:
  void run(const std::stop_token& ending);
  Result<void> send(Piece& piece);
  Home& home_;
  Receipts* receipts_;
  Monitor& monitor_;
  std::size_t index_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Piece> queue_;
  std::size_t active_ = 0;
  std::optional<Error> error_;
  std::uint64_t sent_ = 0, resumed_ = 0;
  std::vector<std::jthread> threads_;
};

// What a wrong CID means: "which is kubo-v1's tree of these bytes", or that these are other bytes.
Failure wrong_cid(const std::string& home, const Piece& piece, const content::Cid& got);
// The known profile under which these bytes have this CID.
std::optional<std::pair<content::Profile, content::TreeNode>> profile_of(const Body& body, const content::Cid& cid);

}  // namespace eai::preserve
