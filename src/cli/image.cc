// `eai image`: words in, a picture out.
#include <cmath>
#include <cstdlib>
#include <ctime>

#include <boost/json.hpp>
#include <unistd.h>

#include "cli/download.h"
#include "cli/image_files.h"
#include "cli/image_job.h"
#include "cli/progress.h"
#include "cli/serving.h"
#include "cli/terminal_picture.h"
#include "library/choose.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t k_picture_limit = 48 * k_mib;  // of a file to edit; the server takes forms of 64 MiB
constexpr int k_previews = 3;

// What is wanted, checked as far as this side can tell.
struct Wish {
  ImageOrder order;
  std::string format;
  std::vector<fs::path> files;  // one per picture; none: to stdout
};

Result<std::string> read_picture(const std::string& file, std::string_view option) {
  auto bytes = read_file(file, k_picture_limit);
  if (!bytes) return Failure(std::move(bytes).error().with(option));
  return std::string(text_of(*bytes));
}

Result<void> add_number(json::object& fields, const char* name, const std::string& text, std::string_view option) {
  if (text.empty()) return {};
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (*end != '\0')
    return fail(Code::invalid, std::string(option) + " is " + printable(text) + ", but must be a number");
  fields[name] = number;
  return {};
}

// Before anything is fetched or started; which sizes a model can draw, its engine says.
Result<void> check_size(const std::string& text) {
  const std::size_t by = text.find('x');
  if (text.empty() || text == "auto") return {};
  if (by != std::string::npos && parse_u64(text.substr(0, by)) && parse_u64(text.substr(by + 1))) return {};
  return fail(Code::invalid, "--size is " + printable(text, 100) + ", but must be like 1024x768, or auto");
}

Result<json::object> fields_of(const Context& context, const std::string& format) {
  const Config& config = context.config;
  EAI_CHECK(check_size(config.image.size));
  json::object out{{"prompt", context.words.text},
                   {"n", config.image.count},
                   {"stream", true},
                   {"progress", true},
                   {"output_format", format}};
  if (!config.image.size.empty()) out["size"] = config.image.size;
  if (config.image.steps > 0) out["steps"] = config.image.steps;
  if (!config.image.negative_prompt.empty()) out["negative_prompt"] = config.image.negative_prompt;
  if (!config.image.quality.empty()) out["quality"] = config.image.quality;
  if (config.image.compression < 100) out["output_compression"] = config.image.compression;
  if (!config.image.seed.empty()) {
    auto seed = parse_u64(config.image.seed);
    if (!seed) return fail(Code::invalid, "--seed is " + printable(config.image.seed) + ", but must be a whole number");
    out["seed"] = *seed;
  }
  EAI_CHECK(add_number(out, "guidance", config.image.guidance, "--guidance"));
  EAI_CHECK(add_number(out, "strength", config.image.strength, "--strength"));
  return out;
}

Result<Wish> wish_of(const Context& context) {
  const Config& config = context.config;
  if (context.words.text.empty())
    return fail(Code::invalid, "say what to draw: eai image \"a red circle on a white background\"");
  const bool to_stdout = config.image.output == "-";
  Wish out;
  out.format = config.image.format;
  if (out.format.empty() && !to_stdout) {
    EAI_TRY(out.format, format_of_name(config.image.output));
  }
  if (out.format.empty()) out.format = "png";
  if (to_stdout) {
    if (config.image.count > 1) return fail(Code::invalid, "only one picture can go to standard output");
    if (config.output.json)
      return fail(Code::invalid, "with --json, the events go to standard output, so -o must name a file");
    if (context.out.columns() > 0)
      return fail(Code::invalid, "a picture is not written to a terminal; name a file with -o");
  } else {
    EAI_TRY(out.files, picture_names(config.image.output, context.words.text, out.format, config.image.count,
                                     config.image.force ? Replace::yes : Replace::no));
  }
  EAI_TRY(out.order.fields, fields_of(context, out.format));
  if (!config.image.mask.empty() && config.image.picture.empty())
    return fail(Code::invalid, "--mask says where to change a picture; name the picture with --image");
  if (!config.image.picture.empty()) {
    EAI_TRY(out.order.picture, read_picture(config.image.picture, "--image"));
    if (out.order.picture.empty()) return fail(Code::invalid, "--image: the file is empty");
  }
  if (!config.image.mask.empty()) {
    EAI_TRY(out.order.mask, read_picture(config.image.mask, "--mask"));
  }
  return out;
}

// Nothing: no model of this hash is here.
std::optional<model::Task> task_of(const library::Library& library, const std::string& hash) {
  for (const store::Model& model : library.contents.models)
    if (model.id.str() == hash) return model.metadata.task;
  return std::nullopt;
}

Failure draws_nothing(const library::Asked& asked, model::Task task) {
  return fail(Code::invalid, asked.label + " cannot draw pictures: its task is " + std::string(model::name_of(task)));
}

// The name for the request, of a model that this server serves.
Result<std::string> served_model(const library::Library& library, const library::ServerRecord& server,
                                 const std::string& name) {
  if (name.empty()) {
    for (const std::string& hash : server.models)
      if (auto task = task_of(library, hash); !task || library::draws(*task)) return std::string("local-model");
    return fail(
        Code::not_found,
        "the running server serves no image model; `eai model run <name> --force` replaces it with one that does");
  }
  EAI_TRY(const library::Asked asked, library::resolve(library, name));
  for (const std::string& hash : server.models) {
    if (hash != asked.id.str()) continue;
    if (auto task = task_of(library, hash); task && !library::draws(*task)) return draws_nothing(asked, *task);
    return hash;
  }
  return fail(Code::not_found, "the running server does not serve " + asked.label + "; `eai model run " + asked.label +
                                   " --force` replaces it with one that does");
}

// The name of the model for the request, with a server that serves it. Nothing: interrupted.
Result<std::optional<std::string>> ready_model(Context& context, const Interrupt& interrupt) {
  EAI_TRY(auto server, library::running_server(context.folders));
  const std::string& name = context.config.image.model;
  if (server && server->port == 0) return fail(Code::busy, "the server is still starting; try again in a moment");
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  if (server) return served_model(library, *server, name);
  const auto wanted = context.config.image.picture.empty() ? model::Task::image_generation : model::Task::image_edit;
  EAI_TRY(const library::Asked asked, library::drawing_model(library, name, wanted));
  EAI_TRY(const library::Engines engines, library::find_engines(context.config.engines, context.folders));
  EAI_CHECK(library::check_engine_for(engines, model::Task::image_generation));
  EAI_CHECK(check_seat_and_port(context));
  auto model = bring(context, library, asked, interrupt);
  if (!model && interrupt.requested()) return std::nullopt;
  if (!model) return Failure(std::move(model).error());
  if (!library::draws(model->metadata.task)) return draws_nothing(asked, model->metadata.task);
  std::vector<std::string> words = {"model",        "run",    "--hash",
                                    asked.id.str(), "--port", std::to_string(context.config.server.port)};
  if (!context.config.engines.image_engine.empty())
    words.insert(words.end(), {"--image-engine", engines.image_engine.string()});
  EAI_TRY(auto ready, start_in_background(context, words, interrupt));
  if (!ready) return std::nullopt;
  context.out.note("Started a server, which keeps running at " + std::string(ready->at("url").as_string()) +
                   "; `eai model stop` stops it.");
  return asked.id.str();
}

// What the job tells, shown and kept.
class Easel {
 public:
  Easel(Context& context, const Wish& wish, Graphics graphics)
      : context_(context),
        wish_(wish),
        display_(context.out),
        place_(graphics, STDERR_FILENO,
               [](std::string_view bytes) { [[maybe_unused]] auto shown = write_all(STDERR_FILENO, view_of(bytes)); }) {
  }

  ImageNews news() {
    return {[this](const std::string& what) { on_wait(what); },
            [this](int image, int step, int steps) { on_step(image, step, steps); },
            [this](const std::string& png) { show(png); }, [this](DrawnPicture p) { return on_picture(std::move(p)); }};
  }
  void clear() { display_.clear(); }
  std::size_t drawn() const { return drawn_; }

 private:
  std::string label() const { return shortened(printable(context_.words.text, 200), 40); }

  void on_wait(const std::string& what) {
    if (begun_) return;  // comments that only keep the connection alive
    context_.out.event(json::object{{"event", "waiting"}, {"for", what}});
    Bar bar;
    bar.label = label();
    bar.phase = what;
    display_.show(bar);
  }

  void on_step(int image, int step, int steps) {
    const auto now = Clock::now();
    if (!begun_) begun_ = now;
    context_.out.event(json::object{{"event", "progress"}, {"image", image}, {"step", step}, {"total", steps}});
    const auto all = static_cast<std::uint64_t>(steps) * context_.config.image.count;
    const auto done =
        static_cast<std::uint64_t>(image) * static_cast<std::uint64_t>(steps) + static_cast<std::uint64_t>(step);
    Bar bar;
    bar.label = label();
    bar.done = done;
    bar.total = all;
    bar.amount = "step " + std::to_string(step) + " of " + std::to_string(steps);
    if (context_.config.image.count > 1) bar.amount = "picture " + std::to_string(image + 1) + ", " + bar.amount;
    if (done > 1) {  // the clock runs from the end of the first step
      const double each = std::chrono::duration<double>(now - *begun_).count() / static_cast<double>(done - 1);
      bar.rate = rate_of(each);
      bar.time_left = std::chrono::seconds(std::llround(each * static_cast<double>(all - done)));
    }
    display_.show(bar);
  }

  static std::string rate_of(double seconds) {
    auto tenths = [](double number) {
      const std::string text = std::to_string(number + 0.05);
      return text.substr(0, text.find('.') + 2);
    };
    return seconds >= 1 ? tenths(seconds) + " s/step" : tenths(1 / std::max(seconds, 1e-4)) + " steps/s";
  }

  void show(const std::string& picture) {
    display_.clear();
    place_.show(picture);
  }

  Result<void> on_picture(DrawnPicture picture) {
    show(picture.file);
    const auto index = static_cast<std::size_t>(picture.index);
    if (wish_.files.empty()) {
      EAI_CHECK(write_all(STDOUT_FILENO, view_of(picture.file)));
      ++drawn_;
      return {};
    }
    if (index >= wish_.files.size()) return fail(Code::network, "the server drew more pictures than were asked for");
    const fs::path& file = wish_.files[index];
    std::error_code ignored;
    if (!context_.config.image.force && fs::exists(fs::symlink_status(file, ignored)))
      return fail(Code::invalid, printable(file.string()) +
                                     " was created while the picture was being drawn; use --force to replace it");
    EAI_CHECK(write_file_atomic(file, view_of(picture.file), 0644));
    ++drawn_;
    display_.clear();
    context_.out.event(json::object{{"event", "image"},
                                    {"file", fs::absolute(file).string()},
                                    {"image", picture.index},
                                    {"seed", picture.seed},
                                    {"size", picture.size},
                                    {"format", wish_.format},
                                    {"bytes", picture.file.size()}});
    context_.out.line(printable(file.string(), 4096));
    context_.out.note("  " + printable(picture.size, 20) + ", " + human_bytes(picture.file.size()) + ", seed " +
                      std::to_string(picture.seed));
    return {};
  }

  Context& context_;
  const Wish& wish_;
  ProgressDisplay display_;
  PicturePlace place_;
  std::optional<Clock::time_point> begun_;
  std::size_t drawn_ = 0;
};

Graphics graphics_of(const Context& context) {
  const bool wanted = context.config.image.preview && !context.out.json() && !context.out.quiet();
  if (!wanted || !context.out.error_is_terminal()) return Graphics::none;
  return find_graphics(STDERR_FILENO, std::getenv);
}

}  // namespace

Result<int> image(Context& context) {
  EAI_TRY(Wish wish, wish_of(context));
  Interrupt interrupt;
  EAI_TRY(auto model, ready_model(context, interrupt));
  if (!model) {
    context.out.note("Stopped. Nothing was drawn.");
    return k_interrupted;
  }
  wish.order.fields["model"] = *model;
  const Graphics graphics = graphics_of(context);
  if (graphics != Graphics::none) wish.order.fields["partial_images"] = k_previews;
  const auto begin = Clock::now();
  Easel easel(context, wish, graphics);
  EAI_TRY(const fs::path socket, library::socket_of(context.folders));
  auto drawn = draw_pictures(socket, wish.order, easel.news(), interrupt.token());
  easel.clear();
  if (!drawn && interrupt.requested()) {
    context.out.note(easel.drawn() == 0 ? "Stopped. Nothing was written."
                                        : "Stopped. The pictures already drawn are kept.");
    return k_interrupted;
  }
  EAI_CHECK(std::move(drawn));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  context.out.event(json::object{{"event", "done"}, {"seconds", seconds}});
  return 0;
}

}  // namespace eai::cli
