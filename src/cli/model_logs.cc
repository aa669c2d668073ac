// `eai model logs`
#include <algorithm>
#include <cerrno>

#include <boost/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "library/log_reader.h"
#include "library/resolve.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr int k_look_again = 200;  // milliseconds
constexpr std::size_t k_line_shown = 64 * k_kib;

struct Log {
  std::string name;
  fs::path file;
};

Result<Log> log_of(const Context& context) {
  if (context.words.models.empty() && context.words.hashes.empty()) {
    return Log{"the server", library::server_log_of(context.folders)};
  }
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked,
          library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::here));
  if (asked.size() != 1) return fail(Code::invalid, "one log at a time: name one model, or none for the server's log");
  const store::Model* model = library.stored(asked.front().id);
  if (model == nullptr) return fail(Code::not_found, asked.front().label + " is not here, so its engine has never run");
  return Log{asked.front().label, library::engine_log_of(context.folders, model->metadata.folder_name)};
}

void print_line(Output& out, const Log& log, std::string_view line) {
  std::string text(line);
  std::ranges::replace(text, '\t', ' ');
  text = printable(text, k_line_shown);
  out.event(boost::json::object{{"event", "line"}, {"log", log.name}, {"line", text}});
  out.line(text);
}

// False: whoever reads our output has gone.
bool wait_a_moment() {
  struct pollfd reader {
    STDOUT_FILENO, 0, 0
  };
  return ::poll(&reader, 1, k_look_again) <= 0 || (reader.revents & (POLLERR | POLLHUP)) == 0;
}

}  // namespace

Result<int> model_logs(Context& context) {
  EAI_TRY(const Log log, log_of(context));
  library::LogReader reader(log.file, [&](std::string_view line) { print_line(context.out, log, line); });
  auto shown = reader.last(context.config.logs.lines);
  if (!shown && shown.error().code == Code::not_found) {
    if (!context.config.logs.follow) {
      return fail(Code::not_found,
                  log.name + " has no log: it has not run in the background yet (" + log.file.string() + ")");
    }
    context.out.note("Waiting for " + log.file.string());
  } else if (!shown) {
    return Failure(std::move(shown).error());
  }
  if (!context.config.logs.follow) {
    reader.rest();
    return 0;
  }
  Interrupt interrupt;
  while (!interrupt.requested()) {
    EAI_CHECK(reader.more());
    EAI_CHECK(context.out.finish());
    if (!wait_a_moment()) break;
  }
  return interrupt.requested() ? k_interrupted : 0;
}

}  // namespace eai::cli
