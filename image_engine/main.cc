// The program: options, signals, the thread that watches stdin, the loop.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <unistd.h>

#include "options.h"
#include "server.h"
#include "studio.h"

namespace eai::image_engine {
namespace {

char socket_to_remove[256];

// At once, also in the middle of a picture: nothing of ours is on disk but the socket.
void leave(int) {
  if (socket_to_remove[0] != '\0') ::unlink(socket_to_remove);
  ::_exit(0);
}

void end_with_stdin() {
  std::string line;
  while (std::getline(std::cin, line))
    if (line == "cmd_router_to_child:exit") break;
  leave(0);
}

std::FILE* states = stdout;

// The library prints to standard output now and then, where only states belong.
void keep_states_apart() {
  const int own = ::dup(STDOUT_FILENO);
  std::FILE* file = own < 0 ? nullptr : ::fdopen(own, "w");
  if (file == nullptr || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return;
  states = file;
}

void say_state(const std::string& json) {
  std::fprintf(states, "cmd_child_to_router:state:%s\n", json.c_str());
  std::fflush(states);
}

int run(const Options& options) {
  if (options.supervised) keep_states_apart();
  boost::asio::io_context context(1);
  auto work = boost::asio::make_work_guard(context);
  Studio studio(options);
  Server server(context, options, studio);
  if (auto listening = server.listen(); !listening) {
    std::fprintf(stderr, "error: %s\n", listening.error().message.c_str());
    return 1;
  }
  options.socket.copy(socket_to_remove, sizeof socket_to_remove - 1);
  if (options.supervised) std::thread(end_with_stdin).detach();

  Loading loading;
  loading.on_progress = [&options, last = -1](double fraction) mutable {
    int percent = static_cast<int>(fraction * 100);
    if (!options.supervised || percent == last) return;
    last = percent;
    say_state(R"({"state":"loading","progress":)" + std::to_string(fraction) + "}");
  };
  loading.on_end = [&](const Result<void>& result) {
    if (!result) {
      std::fprintf(stderr, "error: %s\n", result.error().message.c_str());
      if (socket_to_remove[0] != '\0') ::unlink(socket_to_remove);
      ::_exit(1);
    }
    boost::asio::post(context, [&] {
      server.set_ready();
      if (options.supervised) say_state(R"({"state":"ready"})");
    });
  };
  studio.load(std::move(loading));
  context.run();
  return 0;
}

}  // namespace
}  // namespace eai::image_engine

int main(int argc, char** argv) {
  using namespace eai::image_engine;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTERM, leave);
  std::signal(SIGINT, leave);
  auto options = parse_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "error: %s\n", options.error().message.c_str());
    return 2;
  }
  return run(*options);
}
