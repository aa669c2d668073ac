// Why: pieces go to one home, a few at a time, while the next ones are made.
// Thread: push(), put(), give_up() and drain() from one thread; uploads run on its own threads; error() from any.
// What holds: a piece counts as sent when the home answered with the right CID, and its receipt is on disk then. Where it
// is the CID of another way to cut the same bytes, the blocks are sent, unless that way is the home's to choose. The
// first error ends this home alone: what waits for it is dropped, and later pieces are not taken.
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
  ipld::Sha256 sha256{};  // names the bytes in receipts
};

class Sender {
 public:
  // `on_error` is called once, from the thread that met the first error.
  Sender(Home& home, Receipts* receipts, Monitor& monitor, std::size_t index, std::stop_token stop,
         std::function<void()> on_error);
  ~Sender();
  void push(Piece piece);
  // At once, on this thread, whatever CID comes back: the caller judges it, and then says that it was right.
  Result<ipld::Cid> put(const Piece& piece);
  Result<void> accept(const Piece& piece, const ipld::Cid& cid);
  // Waits for what was pushed. The first error, if there was one.
  Result<void> drain();
  // This home is to be sent nothing more.
  void give_up(Error error);
  std::optional<Error> error() const;
  std::uint64_t sent() const;
  std::uint64_t resumed() const;
  Home& home() { return home_; }

 private:
  void run(const std::stop_token& ending);
  Result<void> send(Piece& piece);
  std::optional<ipld::Cid> receipt_of(const Piece& piece) const;
  Result<ipld::Cid> upload(const Piece& piece);
  void resume(std::uint64_t size);
  Home& home_;
  Receipts* receipts_;
  Monitor& monitor_;
  std::size_t index_;
  std::stop_token stop_;
  std::function<void()> on_error_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Piece> queue_;
  std::size_t active_ = 0;
  std::optional<Error> error_;
  std::uint64_t sent_ = 0, resumed_ = 0;
  std::vector<std::jthread> threads_;
};

// What a wrong CID means: "which is kubo-v1's tree of these bytes", or that these are other bytes.
Failure wrong_cid(const std::string& home, const Piece& piece, const ipld::Cid& got);
// The known profile under which these bytes have this CID.
std::optional<std::pair<ipld::Profile, ipld::TreeNode>> profile_of(const Body& body, const ipld::Cid& cid);

}  // namespace eai::preserve
