// Why: what arrives for a leaf is hashed and written by helpers, so that the owner can go on receiving.
// Thread: the owner calls; helpers hash, write and sync, and report by mail.
// What holds: nothing is written unless it is proven to be the leaf's bytes. Little is received and not yet written,
// because that is what a kill costs: give() waits while the helpers have k_work_room of leaves before them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fetch/leaf_buffers.h"
#include "fetch/local_copies.h"
#include "fetch/mailbox.h"
#include "ipld/leaf_table.h"
#include "util/file.h"
#include "util/thread_crew.h"

namespace eai::fetch {

// A run of leaves of one tree, and where their content goes: the first leaf's to the file's beginning.
struct Stretch {
  std::shared_ptr<const ipld::LeafTable> leaves;
  std::size_t first = 0, end = 0;  // leaves
  ipld::Cid root;                  // of the tree: what sources are asked for
  std::string name;                // for people
  fs::path file;
  std::shared_ptr<LocalCopies> copies = nullptr;  // where else on this disk its bytes may lie; of a whole file

  std::uint64_t base() const { return first == end ? 0 : leaves->range(first).begin; }
  std::uint64_t size() const { return first == end ? 0 : leaves->range(end - 1).end - base(); }
  // Of `file`.
  ByteRange place(std::size_t leaf) const {
    const ByteRange at = leaves->range(leaf);
    return {at.begin - base(), at.end - base()};
  }
};

struct LeafNews {
  enum class What {
    proven,   // and written
    wrong,    // these are not its bytes
    no_leaf,  // its block is proven, and is not what its parent says
    synced,   // everything that was written before sync() was called is safe
    failed,   // our own disk
  } what = What::proven;
  std::size_t stretch = 0, leaf = 0;
  int source = 0;
  ipld::Sha256 given{};  // the hash of the content, if it is wrong or came out of a block
  bool from_block = false;
  Error error{};  // no_leaf, failed
};
using LeafMail = Mailbox<LeafNews>;

// Bytes of leaves that are received, hashed or written at a time.
inline constexpr std::uint64_t k_leaf_room = 36 * k_mib;

// Of these, bytes that are hashed, written or wait for it: the leaves of two helpers, and one more for each. With the
// third of k_leaf_room that is being received, it is what a kill may cost: 16 MiB.
inline constexpr std::uint64_t k_work_room = 4 * k_mib;

// What comes of leaves that are found in other files on this disk.
enum class Effect {
  written,
  found,  // it is only known then that they are there
};

enum class LeafForm { content, block };  // what was received: the leaf's bytes, or its block

class LeafSink {
 public:
  // Code::busy: the system has no threads.
  static Result<std::unique_ptr<LeafSink>> start(const std::vector<Stretch>& stretches, LeafMail& mail);
  ~LeafSink();  // when what was given is done, or dropped after an error
  LeafSink(const LeafSink&) = delete;

  // To be called before anything is given of the stretch. Makes its file, and keeps what is in it.
  Result<void> open(std::size_t stretch);
  void close(std::size_t stretch);

  using Buffer = std::unique_ptr<LeafBuffers::Buffer>;
  Buffer buffer(std::uint64_t size) { return buffers_.take(size); }
  void give(std::size_t stretch, std::size_t leaf, int source, LeafForm form, Buffer content);  // may wait
  // Reads the leaf from there, for the effect.
  void copy(std::size_t stretch, std::size_t leaf, int source, Copy from, Effect effect);
  // Whether an earlier run left the leaf's bytes in its file.
  void check(std::size_t stretch, std::size_t leaf, int source);
  void sync(std::vector<std::size_t> stretches);
  // Waits until everything that was asked of the helpers is done.
  void finish();

 private:
  LeafSink(const std::vector<Stretch>& stretches, LeafMail& mail);
  struct Job;
  void post(std::function<void()> work);
  void begin_work(std::uint64_t size);
  void end_work(std::uint64_t size);
  void prove(const Job& job, ByteView content, bool write);
  void unwrap(Job job, ByteView block);
  void write(const Job& job, ByteView content);
  void tell(const Job& job, LeafNews::What what);
  void fail_with(const Job& job, LeafNews::What what, Error error);

  const std::vector<Stretch>& stretches_;
  LeafMail& mail_;
  LeafBuffers buffers_;
  std::vector<std::shared_ptr<UniqueFd>> files_;  // by stretch
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t pending_ = 0;
  std::condition_variable has_room_;
  std::uint64_t at_work_ = 0;         // bytes that were given
  std::unique_ptr<ThreadCrew> crew_;  // last: its threads use the rest
};

}  // namespace eai::fetch
