// Why: everybody who asks IPFS gateways for something asks through this: one set of rules for what is asked, what an
// answer means, and what a failure says about the gateway that gave it.
// Thread: one, which runs poll(); wake() may be called from any.
// What holds: an asker hears of a body only when its head was judged to be what was asked for. The bytes are not
// proven. Requests in flight are counted in the book. blame() is the only place that turns a failed question into a
// source's standing; only wrong bytes, which show when the asker has hashed them, are the asker's to report to the
// book. When this machine has lost its connection, questions that wait for an answer from elsewhere end at once, so that
// they can be asked again when it is back.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "peers/judgement.h"
#include "peers/source_book.h"
#include "peers/sources.h"

namespace eai::peers {

struct Question {
  enum class OrAsFile { yes, no };
  int source = 0;         // in the book
  std::size_t piece = 0;  // the number under which the book counts attempts
  ipld::Cid cid;
  Form form = Form::raw_block;
  OrAsFile or_as_file = OrAsFile::yes;     // where raw blocks are refused, the file will do
  std::optional<ByteRange> range = {};     // nothing: the whole
  std::optional<std::uint64_t> size = {};  // of the whole, if it is known for sure
  std::optional<std::chrono::milliseconds> deadline = {};
};

// How a question ended.
struct Ending {
  std::optional<Judgement> judgement;  // nothing: not even a head came
  Result<void> outcome;                // of the transfer; also what the asker itself objected to
  Reach reach = Reach::there;          // anything else: there was no connection
  bool good() const { return judgement && judgement->good(); }
};

// Called from poll(). Inside a call, questions may be asked and cancelled, this one too.
class Asker {
 public:
  virtual ~Asker() = default;
  // The head was judged good. An error ends the question and comes back in its ending.
  virtual Result<void> on_good(const Judgement& judgement) = 0;
  virtual Result<void> on_bytes(ByteView bytes) = 0;
  // Last, and exactly once unless the question was cancelled; the asker may be destroyed in it.
  virtual void on_end(const Question& question, const Ending& ending) = 0;
};

class GatewayClient {
 public:
  GatewayClient(std::vector<Source> sources, const Options& options, std::uint64_t seed);
  ~GatewayClient();
  GatewayClient(const GatewayClient&) = delete;
  GatewayClient& operator=(const GatewayClient&) = delete;

  SourceBook& book() { return book_; }
  const Options& options() const { return options_; }

  using Id = http::Transfers::Id;
  Id ask(Question question, Asker& asker);
  void cancel(Id id);  // the asker hears nothing more; an unknown id is no error
  void poll(std::chrono::milliseconds wait);
  void wake() { transfers_.wake(); }

  // The question brought nothing that will do: the book learns what that says about the source.
  void blame(const Question& question, const Ending& ending);

 private:
  class Transfer;
  void end_what_is_cut(Clock::time_point now);
  SourceBook book_;
  Options options_;
  http::Transfers transfers_;
  std::map<Id, std::unique_ptr<Transfer>> running_;
  Clock::time_point last_sign_ = Clock::now();  // of life from beyond this machine
  Clock::time_point next_look_{};               // at this machine's connection
};

}  // namespace eai::peers
