#include "model/image_model.h"

#include <gtest/gtest.h>

#include "model/safetensors.h"

namespace eai::model {
namespace {

struct Shape {
  std::string name;
  std::vector<std::uint64_t> sides;
};

// The bytes of a safetensors file up to its data; the data is never asked for.
struct Written {
  std::string head;
  std::uint64_t size = 0;
  ReadAt read() const {
    return [bytes = head](std::uint64_t at, std::span<std::uint8_t> into) -> Result<void> {
      if (at + into.size() > bytes.size()) return fail(Code::io, "read behind the header");
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
      return {};
    };
  }
};

Written with_header(const std::string& json, std::uint64_t data) {
  Written w;
  for (int i = 0; i < 8; ++i) w.head.push_back(static_cast<char>(json.size() >> (8 * i) & 0xFF));
  w.head += json;
  w.size = w.head.size() + data;
  return w;
}

Written safetensors(const std::vector<Shape>& shapes) {
  std::string json = "{\"__metadata__\":{\"format\":\"pt\"}";
  std::uint64_t at = 0;
  for (const Shape& shape : shapes) {
    std::uint64_t size = 2;
    std::string sides;
    for (std::uint64_t side : shape.sides) {
      size *= side;
      sides += (sides.empty() ? "" : ",") + std::to_string(side);
    }
    json += ",\"" + shape.name + "\":{\"dtype\":\"F16\",\"shape\":[" + sides + "],\"data_offsets\":[" +
            std::to_string(at) + "," + std::to_string(at + size) + "]}";
    at += size;
  }
  return with_header(json + "}", at);
}

ImageFile file(std::string name, const std::vector<Shape>& shapes) {
  Written w = safetensors(shapes);
  return {std::move(name), w.size, w.read()};
}

ImageFile text_file(std::string name, const std::string& text) {
  Written w{text, text.size()};
  return {std::move(name), w.size, w.read()};
}

const std::vector<Shape> k_schnell{{"double_blocks.0.img_attn.qkv.weight", {9216, 3072}},
                                   {"img_in.weight", {3072, 64}}};
const std::vector<Shape> k_dev{{"double_blocks.0.img_attn.qkv.weight", {9216, 3072}},
                               {"img_in.weight", {3072, 64}},
                               {"guidance_in.in_layer.weight", {3072, 256}}};
const std::vector<Shape> k_t5{{"encoder.block.0.layer.0.SelfAttention.q.weight", {4096, 4096}}};
const std::vector<Shape> k_clip_l{{"text_model.embeddings.token_embedding.weight", {49408, 768}}};
const std::vector<Shape> k_clip_g{{"text_model.embeddings.token_embedding.weight", {49408, 1280}}};
const std::vector<Shape> k_vae{{"decoder.conv_in.weight", {512, 16, 3, 3}}};

std::optional<std::string> place_of(const ImageModel& model, ImageRole role) {
  for (const ImagePart& part : model.parts)
    if (part.role == role) return part.name;
  return {};
}

TEST(ImageModel, PartsAreFoundByTheirHeadersWhateverTheirNames) {
  auto model =
      recognise_image_model({file("a", k_vae), file("b", k_clip_l), file("c", k_t5), file("d", k_dev),
                             text_file("config.json", "{}"), text_file("LICENSE", "Permission is granted to all")},
                            "", Task::image_generation);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->family, ImageFamily::flux);
  EXPECT_EQ(model->variant, "dev");
  EXPECT_EQ(place_of(*model, ImageRole::vae), "a");
  EXPECT_EQ(place_of(*model, ImageRole::clip_l), "b");
  EXPECT_EQ(place_of(*model, ImageRole::t5xxl), "c");
  EXPECT_EQ(place_of(*model, ImageRole::diffusion), "d");
  EXPECT_EQ(model->parts.size(), 4U);
  EXPECT_EQ(model->steps, 20U);
  EXPECT_FLOAT_EQ(model->guidance, 3.5F);
  EXPECT_FALSE(model->references);
}

TEST(ImageModel, SchnellTakesFourSteps) {
  auto model =
      recognise_image_model({file("t", k_schnell), file("u", k_t5), file("v", k_vae)}, "", Task::image_generation);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->variant, "schnell");
  EXPECT_EQ(model->steps, 4U);
}

TEST(ImageModel, TheConfigNameAndTheTaskTellWhatHeadersCannot) {
  std::vector<ImageFile> files{file("t", k_dev), file("u", k_t5), file("v", k_vae)};
  auto kontext = recognise_image_model(files, "flux-kontext-dev", Task::image_generation);
  ASSERT_TRUE(kontext);
  EXPECT_EQ(kontext->variant, "kontext");
  EXPECT_TRUE(kontext->references);
  EXPECT_TRUE(recognise_image_model(files, "", Task::image_edit)->references);
  EXPECT_EQ(recognise_image_model(files, "flux-schnell", Task::image_generation)->steps, 4U);
}

TEST(ImageModel, AConfigNameMayEndInTheSideOfAPicture) {
  std::vector<ImageFile> files{file("t", k_schnell), file("u", k_t5), file("v", k_vae)};
  auto side = [&](std::string_view name) {
    auto model = recognise_image_model(files, name, Task::image_generation).value();
    EXPECT_EQ(model.width, model.height);
    EXPECT_EQ(model.variant, "schnell");
    return model.width;
  };
  EXPECT_EQ(side("flux-schnell-128"), 128U);
  EXPECT_EQ(side("flux-schnell-512"), 512U);
  EXPECT_EQ(side("256"), 256U);
  for (const char* name : {"", "flux-schnell", "flux-", "flux-4b", "flux-1", "flux-2512", "flux-0", "flux-100",
                           "flux-128 ", "flux-128x128", "flux-99999999999", "flux-128-"})
    EXPECT_EQ(side(name), 1024U) << name;
}

TEST(ImageModel, AMissingPartIsNamed) {
  auto no_t5 = recognise_image_model({file("t", k_dev), file("v", k_vae)}, "", Task::image_generation);
  ASSERT_FALSE(no_t5);
  EXPECT_NE(no_t5.error().message.find("T5"), std::string::npos) << no_t5.error().message;
  auto no_vae = recognise_image_model({file("t", k_dev), file("u", k_t5)}, "", Task::image_generation);
  ASSERT_FALSE(no_vae);
  EXPECT_NE(no_vae.error().message.find("vae"), std::string::npos) << no_vae.error().message;
  auto no_transformer = recognise_image_model({file("u", k_t5), file("v", k_vae)}, "", Task::image_generation);
  ASSERT_FALSE(no_transformer);
  EXPECT_NE(no_transformer.error().message.find("transformer"), std::string::npos) << no_transformer.error().message;
  EXPECT_FALSE(recognise_image_model({}, "", Task::image_generation));
}

TEST(ImageModel, CheckpointsAndUNets) {
  std::vector<Shape> sd1{{"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight", {49408, 768}},
                         {"first_stage_model.decoder.conv_in.weight", {512, 4, 3, 3}},
                         {"model.diffusion_model.input_blocks.0.0.weight", {320, 4, 3, 3}}};
  auto whole = recognise_image_model({file("x", sd1)}, "", Task::image_generation);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->family, ImageFamily::sd1);
  EXPECT_EQ(place_of(*whole, ImageRole::checkpoint), "x");
  EXPECT_EQ(whole->size_multiple, 64U);
  EXPECT_EQ(whole->width, 512U);
}

const std::vector<Shape> k_unet_xl{{"add_embedding.linear_1.weight", {1280, 2816}},
                                   {"down_blocks.0.resnets.0.time_emb_proj.weight", {320, 1280}}};

std::vector<ImageFile> diffusers_xl() {
  return {file("text_encoder/model.safetensors", k_clip_l), file("text_encoder_2/model.safetensors", k_clip_g),
          file("unet/diffusion_pytorch_model.safetensors", k_unet_xl),
          file("vae/diffusion_pytorch_model.safetensors", k_vae)};
}

TEST(ImageModel, AUNetOfDiffusersIsReadFromItsFolder) {
  auto xl = recognise_image_model(diffusers_xl(), "", Task::image_generation);
  ASSERT_TRUE(xl) << xl.error().message;
  EXPECT_EQ(xl->family, ImageFamily::sdxl);
  EXPECT_TRUE(xl->as_folder);

  auto files = diffusers_xl();
  files.insert(files.begin(), file("text_encoder/model.fp16.safetensors", k_clip_l));
  auto twice = recognise_image_model(files, "", Task::image_generation);
  ASSERT_TRUE(twice) << twice.error().message;
  EXPECT_EQ(place_of(*twice, ImageRole::clip_l), "text_encoder/model.safetensors");
  EXPECT_EQ(twice->parts.size(), 4U);

  files = diffusers_xl();
  files.erase(files.begin() + 1);
  auto without_g = recognise_image_model(files, "", Task::image_generation);
  ASSERT_FALSE(without_g);
  EXPECT_NE(without_g.error().message.find("CLIP-G"), std::string::npos);

  files = diffusers_xl();
  files[2].name = "unet/my_own.safetensors";
  auto other_name = recognise_image_model(files, "", Task::image_generation);
  ASSERT_FALSE(other_name);
  EXPECT_NE(other_name.error().message.find("unet/diffusion_pytorch_model.safetensors"), std::string::npos);
}

TEST(ImageModel, DiffusersNamesThatTheEngineCannotReadAreSaid) {
  std::vector<Shape> sd3{{"transformer_blocks.0.attn.add_q_proj.weight", {1536, 1536}}};
  std::vector<Shape> flux2{{"double_stream_modulation_img.linear.weight", {18432, 6144}},
                           {"single_transformer_blocks.0.attn.to_out.weight", {6144, 24576}}};
  std::vector<Shape> llm{{"model.layers.0.self_attn.q_proj.weight", {2560, 2560}}};
  for (const auto& shapes : {sd3, flux2}) {
    auto model = recognise_image_model(
        {file("t", shapes), file("u", k_clip_l), file("v", k_vae), file("w", llm), file("x", k_clip_g)}, "",
        Task::image_generation);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Code::unsupported);
    EXPECT_NE(model.error().message.find("single file"), std::string::npos) << model.error().message;
  }
}

TEST(ImageModel, WeightsPackedForMlxAreSaid) {
  auto packed = k_dev;
  packed.push_back({"double_blocks.0.img_attn.qkv.scales", {9216, 48}});
  auto model =
      recognise_image_model({file("t", packed), file("u", k_t5), file("v", k_vae)}, "", Task::image_generation);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::unsupported);
  EXPECT_NE(model.error().message.find("MLX"), std::string::npos) << model.error().message;
}

// The makers' repository of FLUX.1 has everything twice.
TEST(ImageModel, OfWhatIsThereTwiceOneIsTaken) {
  auto model = recognise_image_model(
      {file("ae.safetensors", k_vae), file("flux1-dev.safetensors", k_dev),
       file("text_encoder/model.safetensors", k_clip_l), file("text_encoder_2/model.safetensors", k_t5),
       file("transformer/diffusion_pytorch_model.safetensors", k_dev),
       file("vae/diffusion_pytorch_model.safetensors", k_vae)},
      "", Task::image_generation);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->parts.size(), 4U);
  EXPECT_EQ(place_of(*model, ImageRole::diffusion), "flux1-dev.safetensors");
  EXPECT_EQ(place_of(*model, ImageRole::vae), "ae.safetensors");
}

TEST(ImageModel, WhatACheckpointLacksComesFromBesideIt) {
  const std::vector<Shape> sd35{{"first_stage_model.decoder.conv_in.weight", {512, 16, 3, 3}},
                                {"model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", {4608, 1536}}};
  auto alone = recognise_image_model({file("sd3.5_large.safetensors", sd35)}, "", Task::image_generation);
  ASSERT_FALSE(alone) << "this one comes without text encoders";
  EXPECT_NE(alone.error().message.find("text encoders"), std::string::npos) << alone.error().message;
  auto both =
      recognise_image_model({file("sd3.5_large.safetensors", sd35), file("t5", k_t5)}, "", Task::image_generation);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both->parts.size(), 2U);

  auto whole = sd35;
  whole.push_back({"text_encoders.t5xxl.transformer.shared.weight", {32128, 4096}});
  auto inside =
      recognise_image_model({file("a", whole), file("t5", k_t5), file("vae", k_vae)}, "", Task::image_generation);
  ASSERT_TRUE(inside) << inside.error().message;
  EXPECT_EQ(place_of(*inside, ImageRole::t5xxl), std::nullopt) << "it has one inside";
  EXPECT_EQ(place_of(*inside, ImageRole::vae), "vae");
}

TEST(ImageModel, FilesOfAnIndexAreOnePart) {
  auto index = text_file("transformer/d.safetensors.index.json",
                         R"({"weight_map":{"double_blocks.0.img_attn.qkv.weight":"d-1.safetensors",)"
                         R"("img_in.weight":"d-2.safetensors"}})");
  std::vector<ImageFile> files{file("transformer/d-1.safetensors", {k_schnell[0]}),
                               file("transformer/d-2.safetensors", {k_schnell[1]}), index, file("u", k_t5),
                               file("v", k_vae)};
  auto model = recognise_image_model(files, "", Task::image_generation);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(place_of(*model, ImageRole::diffusion), "transformer/d.safetensors.index.json");
  files.erase(files.begin());
  auto lacking = recognise_image_model(files, "", Task::image_generation);
  ASSERT_FALSE(lacking);
  EXPECT_NE(lacking.error().message.find("d-1.safetensors"), std::string::npos) << lacking.error().message;
}

TEST(Safetensors, LyingHeadersAreRefused) {
  auto refused = [](const Written& w) {
    auto read = read_safetensors(w.read(), w.size);
    return !read && read.error().code == Code::invalid;
  };
  Written too_long = safetensors(k_t5);
  too_long.head[5] = 1;  // a header of a tebibyte
  EXPECT_TRUE(refused(too_long));
  Written shorter = safetensors(k_t5);
  shorter.size -= 1;
  EXPECT_TRUE(refused(shorter));
  auto one = [](const std::string& entry, std::uint64_t data) { return with_header("{\"a\":" + entry + "}", data); };
  EXPECT_FALSE(refused(one(R"({"dtype":"F16","shape":[2],"data_offsets":[0,4]})", 4)));
  EXPECT_TRUE(refused(one(R"({"dtype":"F16","shape":[3],"data_offsets":[0,4]})", 4)));
  EXPECT_TRUE(refused(one(R"({"dtype":"F99","shape":[2],"data_offsets":[0,4]})", 4)));
  EXPECT_TRUE(refused(one(R"({"dtype":"F16","shape":[-2],"data_offsets":[0,4]})", 4)));
  EXPECT_TRUE(refused(one(R"({"dtype":"F16","shape":[2],"data_offsets":[4,0]})", 4)));
  EXPECT_TRUE(refused(one(R"({"dtype":"F16","shape":[2],"data_offsets":[0,18446744073709551615]})", 4)));
  EXPECT_TRUE(refused(one(R"({"dtype":"F16","shape":[4294967296,4294967296,2],"data_offsets":[0,0]})", 0)));
  EXPECT_TRUE(refused(one(R"({"dtype":"F16","shape":[2],"data_offsets":[2,6]})", 6)));  // a gap
  EXPECT_TRUE(refused(one(R"([])", 0)));
  EXPECT_TRUE(refused(with_header(std::string(50, '['), 0)));
}

TEST(LoraFolder, IsReadStrictly) {
  auto good = parse_lora_folder(R"({"base_model":"bafy","lora_paths":["a.safetensors"],"lora_scales":[0.5]})");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->base_model, "bafy");
  EXPECT_FLOAT_EQ(good->scales.at(0), 0.5F);
  EXPECT_FALSE(parse_lora_folder(R"({"base_model":"bafy","lora_paths":["../a"],"lora_scales":[1]})"));
  EXPECT_FALSE(parse_lora_folder(R"({"base_model":"bafy","lora_paths":["a"],"lora_scales":[1,2]})"));
  EXPECT_FALSE(parse_lora_folder(R"({"lora_paths":["a"]})"));
}

}  // namespace
}  // namespace eai::model
