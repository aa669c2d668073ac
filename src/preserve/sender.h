// Why: parcels go to one home, a few at a time, while the next ones are being made.
// Thread: push(), put(), give_up() and drain() from one thread; uploads run on threads of its own; error() from any.
// What holds: a parcel counts as sent when the home has answered with the right CID, and by then its receipt is on
// disk. If the CID is that of the same bytes cut in another way, the blocks are sent instead, unless the home may
// choose its own way. The first error ends this home alone: whatever is waiting for it is dropped, and later parcels
// are refused.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "preserve/preserve.h"
#include "preserve/receipts.h"

namespace eai::preserve {

// What goes to a home in one upload: a file that the home cuts into blocks, or a CAR of blocks.
struct Parcel {
  enum class Kind { file, car };
  Kind kind = Kind::file;
  Upload upload;
  ipld::Sha256 sha256{};  // names the bytes in receipts
};

class Sender {
 public:
  // `on_error` is called once, from the thread on which the first error occurred.
  Sender(Home& home, Receipts* receipts, Monitor& monitor, std::size_t index, std::stop_token stop,
         std::function<void()> on_error);
  ~Sender();
  void push(Parcel parcel);
  // At once, on this thread, whatever CID comes back: the caller judges it, and calls accept() if it is right.
  Result<ipld::Cid> put(const Parcel& parcel);
  void accept(const Parcel& parcel, const ipld::Cid& cid);
  // Waits for what was pushed. The first error, if there was one.
  Result<void> drain();
  // Nothing more is sent to this home.
  void give_up(Error error);
  std::optional<Error> error() const;
  std::uint64_t sent() const;
  std::uint64_t resumed() const;
  Home& home() { return home_; }

 private:
  void run(const std::stop_token& ending);
  Result<void> send(Parcel& parcel);
  std::optional<ipld::Cid> receipt_of(const Parcel& parcel) const;
  Result<ipld::Cid> upload(const Parcel& parcel);
  void resume(std::uint64_t size);
  Home& home_;
  Receipts* receipts_;
  Monitor& monitor_;
  std::size_t index_;
  std::stop_token stop_;
  std::function<void()> on_error_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Parcel> queue_;
  std::size_t active_ = 0;
  std::optional<Error> error_;
  std::uint64_t sent_ = 0, resumed_ = 0;
  std::vector<std::jthread> threads_;
};

// What a wrong CID means: "which is kubo-v1's tree of these bytes", or that these are other bytes.
Failure wrong_cid(const std::string& home, const Parcel& parcel, const ipld::Cid& got);
// The known profile under which these bytes have this CID.
std::optional<std::pair<ipld::Profile, ipld::TreeNode>> profile_of(const Body& body, const ipld::Cid& cid);

}  // namespace eai::preserve
