#include "studio.h"

#include <chrono>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>

#include "painter.h"
#include "util/base64.h"

namespace eai::image_engine {
namespace {

namespace json = boost::json;

std::string event_started(const Request& r) {
  return json::serialize(json::object{{"event", "started"},
                                      {"seed", r.seed},
                                      {"n", r.n},
                                      {"width", r.width},
                                      {"height", r.height},
                                      {"steps", r.steps}});
}

std::string event_progress(int image, int step, int steps) {
  return json::serialize(json::object{{"event", "progress"}, {"image", image}, {"step", step}, {"steps", steps}});
}

// The picture goes in behind, so that it is not copied through a JSON tree.
std::string with_picture(const json::object& event, const std::string& file) {
  std::string text = json::serialize(event);
  text.pop_back();
  text += ",\"b64\":\"";
  text += to_base64(file);
  text += "\"}";
  return text;
}

}  // namespace

struct Studio::Impl {
  Options options;
  std::unique_ptr<Painter> painter;
  boost::asio::thread_pool thread{1};

  Result<void> draw_one(const Job& job, int index, const Emit& emit) {
    const Request& r = job.request;
    int previews_sent = 0;
    PaintEvents events;
    events.cancelled = [&job] { return job.cancelled.load(); };
    events.on_step = [&](int step, int steps) { emit(event_progress(index, step, steps), More::yes); };
    events.on_preview = [&](int step, int steps, const Picture& picture) {
      auto file = encode(picture, Encoding{Format::png, 100, true, {}});
      if (!file) return;
      json::object event{{"event", "preview"},      {"image", index},           {"step", step},
                         {"steps", steps},          {"index", previews_sent++}, {"width", picture.width},
                         {"height", picture.height}};
      emit(with_picture(event, *file), More::yes);
    };
    EAI_TRY(Picture picture, painter->paint(r, index, events));
    Encoding encoding = r.encoding;
    if (!encoding.text.empty()) encoding.text += ", Seed: " + std::to_string(r.seed + index);
    EAI_TRY(std::string file, encode(picture, encoding));
    json::object event{{"event", "image"},       {"image", index},
                       {"seed", r.seed + index}, {"format", name_of(r.encoding.format)},
                       {"width", picture.width}, {"height", picture.height}};
    emit(with_picture(event, file), More::yes);
    return {};
  }

  // Some hundred MB come and go with a picture; what the allocator keeps of them is given back.
  void draw_all(const Job& job, const Emit& emit) {
    draw_each(job, emit);
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
  }

  void draw_each(const Job& job, const Emit& emit) {
    auto begin = std::chrono::steady_clock::now();
    emit(event_started(job.request), More::yes);
    try {
      for (int i = 0; i < job.request.n; ++i) {
        if (job.cancelled) throw Cancelled{};
        if (auto drawn = draw_one(job, i, emit); !drawn) {
          emit(event_error(500, drawn.error().message), More::no);
          return;
        }
      }
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      emit(json::serialize(json::object{{"event", "done"}, {"seconds", took.count()}}), More::no);
    } catch (const Cancelled&) {
      emit(event_error(499, "cancelled"), More::no);
    } catch (const std::exception& e) {
      emit(event_error(500, std::string("the picture could not be drawn: ") + e.what()), More::no);
    }
  }
};

Studio::Studio(Options options) : impl_(std::make_unique<Impl>()) { impl_->options = std::move(options); }

Studio::~Studio() { impl_->thread.join(); }

void Studio::load(Loading loading) {
  boost::asio::post(impl_->thread, [this, loading = std::move(loading)] {
    auto painter = Painter::load(impl_->options, loading.on_progress);
    if (!painter) return loading.on_end(Failure(painter.error()));
    impl_->painter = std::move(*painter);
    loading.on_end({});
  });
}

void Studio::draw(std::shared_ptr<Job> job, Emit emit) {
  boost::asio::post(impl_->thread,
                    [this, job = std::move(job), emit = std::move(emit)] { impl_->draw_all(*job, emit); });
}

std::string event_queued(std::size_t position) {
  return json::serialize(json::object{{"event", "queued"}, {"position", position}});
}

std::string event_error(int code, std::string_view message) {
  return json::serialize(json::object{{"event", "error"}, {"code", code}, {"message", message}});
}

}  // namespace eai::image_engine
