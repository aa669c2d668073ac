#include "api/images.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/image_drawing.h"
#include "http/content_coding.h"

namespace eai::api {
namespace {

constexpr std::uint64_t k_body_limit = 64 * k_mib;
constexpr model::Task k_tasks[] = {model::Task::image_generation, model::Task::image_edit};

Result<ImageWish> read_wish(ImageAct act, std::string sent, const std::string& coding, const std::string& type) {
  EAI_TRY(std::string body, http::decode_content(std::move(sent), coding, k_body_limit));
  if (act == ImageAct::generation) return parse_generation(std::move(body));
  return parse_image_form(act, type, body);
}

asio::awaitable<Result<ImageWish>> read_slowly(ImageAct act, std::string sent, std::string coding, std::string type) {
  co_return read_wish(act, std::move(sent), coding, type);
}

// Forms are read on the worker, and so is what is packed: a small file can have many pixels.
asio::awaitable<Result<ImageWish>> read(Core& core, ImageAct act, http::Incoming& in) {
  std::string coding(in.header("content-encoding")), type(in.header("content-type"));
  if (act == ImageAct::generation && coding.empty()) co_return parse_generation(std::move(in.body));
  auto work = read_slowly(act, std::move(in.body), std::move(coding), std::move(type));
  const auto worker = crew_in(core.worker, 1);
  if (!worker) co_return Failure(worker.error());
  co_return co_await asio::co_spawn((*worker)->executor(), std::move(work), asio::use_awaitable);
}

// What is drawn and by which model; a reply refuses the request.
std::optional<http::Reply> prepare(Core& core, ImageShelf& shelf, Result<ImageWish> wish, http::Incoming& in,
                                   Exchange& out, Drawing& drawing) {
  if (!wish) return error_reply(wish.error());
  drawing.wish = std::move(*wish);
  add_ignored(drawing.truth, drawing.wish.ignored);
  std::string().swap(in.body);  // assigning would keep its memory
  std::optional<std::string_view> asked;
  if (!drawing.wish.model.empty()) asked = drawing.wish.model;
  const auto choice = core.choose(asked, k_tasks, in.path());
  if (!choice) return error_reply(choice.error());
  drawing.model_id = choice->model->id;
  out.record.model = drawing.model_id;
  add_truth(drawing.truth, drawing.model_id, choice->fallback);
  core.note_use(drawing.model_id);
  drawing.progress = shelf.begin(drawing.wish.id);
  if (!drawing.progress)
    return image_refusal(400, "invalid_request_error", "another request with this id is running", "id");
  drawing.progress->n = drawing.wish.n;
  drawing.sender = sender_of(core.options, in);
  drawing.sees_log = is_local(in);
  drawing.address = own_address(core.options, in);
  return std::nullopt;
}

}  // namespace

asio::awaitable<void> Images::draw(ImageAct act, http::Call call) {
  Exchange out(call.in, call.out, call.name, core_.metrics, core_.request_log);
  Drawing drawing;
  drawing.truth = common_headers(core_, call.in, out.record.id);
  Result<ImageWish> wish = co_await read(core_, act, call.in);
  if (auto refused = prepare(core_, shelf_, std::move(wish), call.in, out, drawing)) {
    append(refused->headers, drawing.truth);
    co_await out.send(*refused);
    co_return;
  }
  co_await api::draw(core_, shelf_, drawing, out);
}

http::Reply Images::progress(std::string_view id) const {
  const ImageProgress* progress = shelf_.find(std::string(id));
  if (progress == nullptr) return image_refusal(404, "invalid_request_error", "no request for images has this id");
  return {200, {{"cache-control", "no-store"}, {"content-type", "application/json"}}, progress->json()};
}

http::Reply Images::file(std::string_view name) {
  const ImageShelf::File* file = shelf_.file(std::string(name));
  if (file == nullptr)
    return image_refusal(404, "invalid_request_error", "there is no such picture, or it has expired");
  return {200, {{"cache-control", "no-store"}, {"content-type", file->type}}, file->bytes};
}

}  // namespace eai::api
