#include "preserve/sender.h"

#include "preserve/block_cars.h"
#include "preserve/hash_unixfs.h"

namespace eai::preserve {
namespace {

constexpr int k_at_once = 2;  // as many parts as may lie on the disk

}  // namespace

std::optional<std::pair<ipld::Profile, ipld::TreeNode>> profile_of(const Body& body, const ipld::Cid& cid) {
  for (const ipld::Profile& profile : ipld::known_profiles()) {
    auto root = import_body(body, profile, nullptr, nullptr);
    if (root && root->cid.hash() == cid.hash()) return std::pair(profile, *std::move(root));
  }
  return std::nullopt;
}

Failure wrong_cid(const std::string& home, const Parcel& parcel, const ipld::Cid& got) {
  std::string message = home + " answered the CID " + got.str() + " for " + parcel.upload.name + ", which is " +
                        parcel.upload.cid.str() + ": ";
  const auto profile = parcel.kind == Parcel::Kind::file ? profile_of(parcel.upload.body, got) : std::nullopt;
  if (profile)
    return fail(Code::corrupt,
                message + "the same bytes, cut in another way (" + std::string(profile->first.name) + ")",
                Hint::start_over);
  return fail(Code::corrupt, message + "it holds other bytes, or cut them in a way that is not known");
}

Sender::Sender(Home& home, Receipts* receipts, Monitor& monitor, std::size_t index, std::stop_token stop,
               std::function<void()> on_error)
    : home_(home),
      receipts_(receipts),
      monitor_(monitor),
      index_(index),
      stop_(std::move(stop)),
      on_error_(std::move(on_error)) {
  for (int i = 0; i < k_at_once; ++i) threads_.emplace_back([this](std::stop_token ending) { run(ending); });
}

Sender::~Sender() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

void Sender::push(Parcel parcel) {
  if (!home_.takes_bytes()) return;
  std::lock_guard lock(mutex_);
  if (error_) return;
  monitor_.change([&](Progress& p) { p.homes[index_].total += parcel.upload.body.size(); });
  queue_.push_back(std::move(parcel));
  changed_.notify_all();
}

std::optional<ipld::Cid> Sender::receipt_of(const Parcel& parcel) const {
  if (receipts_ == nullptr) return std::nullopt;
  return receipts_->find(home_.name(), parcel.sha256, parcel.upload.body.size());
}

void Sender::resume(std::uint64_t size) {
  std::lock_guard lock(mutex_);
  resumed_ += size;
  monitor_.change([&](Progress& p) { p.homes[index_].sent += size; });
}

Result<ipld::Cid> Sender::put(const Parcel& parcel) {
  monitor_.change([&](Progress& p) { p.homes[index_].total += parcel.upload.body.size(); });
  if (const auto before = receipt_of(parcel)) {
    resume(parcel.upload.body.size());
    return *before;
  }
  return upload(parcel);
}

Result<ipld::Cid> Sender::upload(const Parcel& parcel) {
  const std::uint64_t size = parcel.upload.body.size();
  std::uint64_t shown = 0;  // of this parcel; goes back when a try starts again
  auto show = [&](std::uint64_t now) {
    now = std::min(now, size);
    monitor_.change([&](Progress& p) { p.homes[index_].sent += now - shown; });  // wraps round where it is less
    shown = now;
  };
  Upload upload = parcel.upload;
  upload.on_sent = show;
  monitor_.change([&](Progress& p) { ++p.homes[index_].in_flight; });
  Result<ipld::Cid> cid = upload.cid;
  if (parcel.kind == Parcel::Kind::file) {
    cid = home_.put_file(upload);
  } else if (auto done = home_.put_car(upload); !done) {
    cid = Failure(std::move(done).error());
  }
  monitor_.change([&](Progress& p) {
    --p.homes[index_].in_flight;
    p.homes[index_].trouble.clear();
  });
  show(cid ? size : 0);
  if (!cid) return cid;
  std::lock_guard lock(mutex_);
  sent_ += size;
  return cid;
}

void Sender::accept(const Parcel& parcel, const ipld::Cid& cid) {
  if (receipts_ == nullptr) return;
  // Their trouble() remembers a failure.
  (void)receipts_->set_place(home_.name(), home_.place());
  (void)receipts_->add(home_.name(), parcel.sha256, parcel.upload.body.size(), cid);
}

Result<void> Sender::send(Parcel& parcel) {
  // A receipt for the same bytes in another tree is none.
  if (const auto before = receipt_of(parcel); before && before->hash() == parcel.upload.cid.hash()) {
    resume(parcel.upload.body.size());
    return {};
  }
  EAI_TRY(ipld::Cid got, upload(parcel));
  if (got.hash() != parcel.upload.cid.hash()) {
    // A node too old for what it was asked cuts the file in its own way; the blocks themselves leave it no choice.
    const bool same_bytes = parcel.kind == Parcel::Kind::file && profile_of(parcel.upload.body, got).has_value();
    if (!same_bytes || home_.picks_profile()) return wrong_cid(home_.name(), parcel, got);
    EAI_TRY(const Parcel blocks, as_car(parcel));
    monitor_.change([&](Progress& p) { p.homes[index_].total += blocks.upload.body.size(); });
    EAI_TRY(got, upload(blocks));
  }
  accept(parcel, got);
  return {};
}

void Sender::run(const std::stop_token& ending) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, ending, [&] { return !queue_.empty(); })) {
    Parcel parcel = std::move(queue_.front());
    queue_.pop_front();
    ++active_;
    lock.unlock();
    Result<void> outcome;
    if (stop_.stop_requested()) {
      outcome = fail(Code::cancelled, "stopped");
    } else {
      outcome = send(parcel);
    }
    parcel = Parcel{Parcel::Kind::file, {{}, {}, {}, parcel.upload.cid, {}}, {}};  // lets go of its bytes on the disk
    if (!outcome) give_up(std::move(outcome).error());
    lock.lock();
    --active_;
    changed_.notify_all();
  }
}

void Sender::give_up(Error error) {
  std::deque<Parcel> dropped;  // let go of without the lock
  {
    std::lock_guard lock(mutex_);
    if (error_) return;
    error_ = std::move(error);
    dropped.swap(queue_);
  }
  monitor_.change([&](Progress& p) { p.homes[index_].trouble = "failed"; });
  changed_.notify_all();
  on_error_();
}

Result<void> Sender::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return queue_.empty() && active_ == 0; });
  if (error_) return Failure(*error_);
  return {};
}

std::optional<Error> Sender::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

std::uint64_t Sender::sent() const {
  std::lock_guard lock(mutex_);
  return sent_;
}

std::uint64_t Sender::resumed() const {
  std::lock_guard lock(mutex_);
  return resumed_;
}

}  // namespace eai::preserve
