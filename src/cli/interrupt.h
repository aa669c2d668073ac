// Why: Ctrl-C ends what runs in good order; a second one ends the program at once, except in a chat.
// Thread: made and destroyed on the main thread, one at a time. The stop token works from any thread.
#pragma once

#include <stop_token>

namespace eai::cli {

inline constexpr int k_interrupted = 130;  // exit status, as shells have it

class Interrupt {
 public:
  // program: from here SIGINT, SIGTERM and SIGHUP ask for a stop, and the second signal ends the program. answer: SIGINT
  // does, as often as it comes; the others end the program as they always do.
  enum class Ends { program, answer };
  explicit Interrupt(Ends ends = Ends::program);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  std::stop_token token() const { return source_.get_token(); }
  bool requested() const { return source_.stop_requested(); }

 private:
  std::stop_source source_;
  struct Watch;
  Watch* watch_;
};

}  // namespace eai::cli
