"""Arrays for the instruments: each file has a card."""

from functools import partial

from latentbook_decoders.models.full_data import FOLDER as SERVER_DATA
from training.exports.benchmark_codes import (
    make_cards,
    make_codes,
    make_compared,
    make_full_codes,
    make_full_labels,
    make_judged,
    make_logistic,
)
from training.exports.benchmark_codes import make_images as make_judged_images
from training.exports.cells import make_cells
from training.exports.classifiers import make_classifier
from training.exports.cleaners import make_cleaners
from training.exports.code_map import make_code_map
from training.exports.collapse import make_collapse
from training.exports.colour_views import make_colour_views
from training.exports.confound import make_confound
from training.exports.contest import make_contest
from training.exports.contractive_plane import make_contractive_plane
from training.exports.control_task import make_control_task
from training.exports.conv_and_dense import conv_and_dense_figures, make_conv_and_dense
from training.exports.decoders import DECODED, make_decoder
from training.exports.deep_stacks import make_deep_stacks
from training.exports.digit_patches import make_digit_patches
from training.exports.draws import draws_figures, make_draws
from training.exports.emoji_words import (
    emoji_words_figures,
    make_emoji_pictures,
    make_emoji_words,
)
from training.exports.encoders import ENCODED, make_encoder
from training.exports.export import Export, Job
from training.exports.face_betas import make_face_betas
from training.exports.face_controls import make_face_controls
from training.exports.face_diffusion import make_face_diffusion
from training.exports.face_encoder import make_faces_encoder
from training.exports.face_latents import make_face_latents
from training.exports.faces import make_faces
from training.exports.gallery import make_distances, make_gallery
from training.exports.heart import make_heart
from training.exports.images import DATASETS, make_images
from training.exports.latent_diffusion import DIFFUSED, make_diffusion, make_draw_decoder
from training.exports.masked import make_masked, make_masking
from training.exports.masked_words import make_masked_words, masked_words_figures
from training.exports.mnist_pca import make_mnist_pca
from training.exports.network_features import make_features
from training.exports.networks import REACH
from training.exports.patch_codes import make_patch_codes
from training.exports.pipeline_stops import make_pipeline_stops
from training.exports.plane_denoisers import make_plane_denoisers
from training.exports.planes import make_planes
from training.exports.probes import make_probes
from training.exports.rate_distortion import make_rate_distortion, rate_distortion_figures
from training.exports.reshuffled_pixels import make_reshuffled_pixels
from training.exports.shown_shifts import make_network, network_figures
from training.exports.shuffled_pixels import make_shuffled_pixels, shuffled_pixels_figures
from training.exports.spatial_codes import make_spatial_codes, spatial_codes_figures
from training.exports.stroke_codes import make_stroke_codes
from training.exports.strokes import make_strokes
from training.exports.tokens import make_tokens
from training.exports.transfer import make_transfer
from training.exports.two_views import KINDS, make_two_views
from training.exports.upsampling import make_upsampling
from training.exports.views import make_views
from training.exports.word_index import make_word_index
from training.exports.word_vectors import make_word_vectors
from training.recipes import SEED
from widgets.kit.benchmark_codes import JUDGED

EXPORTS = (
    Export("word_vectors", "Vectors of 5,000 words of real text", make_word_vectors),
    Export("strokes", "beta-VAEs of strokes for eight betas", make_strokes),
    Export(
        "shuffled_pixels",
        "Filling in shuffled digits",
        make_shuffled_pixels,
        figures=shuffled_pixels_figures,
    ),
    Export(
        "reshuffled_pixels",
        "Filling in digits shuffled alike or anew",
        make_reshuffled_pixels,
    ),
    Export("upsampling", "Three ways to double the size of a map", make_upsampling),
    Export(
        "conv_vae_mnist_16_planes",
        "Small decoder of conv_vae_mnist_16",
        partial(make_planes, "conv_vae_mnist_16"),
    ),
    Export("pipeline_stops", "Digits read at each stop of the pipeline", make_pipeline_stops),
    Export("mnist_pca", "Principal components of MNIST", make_mnist_pca),
    Export("mnist_cleaners", "Networks that clean digits", make_cleaners),
    Export("digit_patches", "Dictionaries of digit patches", make_digit_patches),
    Export("contractive_plane", "Contractive autoencoders of a wave", make_contractive_plane),
    Export("plane_denoisers", "Networks that remove noise from points", make_plane_denoisers),
    *(
        Export(f"{name}_decoder", f"Small decoder of {name}", partial(make_decoder, name))
        for name in DECODED
    ),
    *(
        Export(f"{name}_encoder", f"Small encoder of {name}", partial(make_encoder, name))
        for name in ENCODED
    ),
    *(
        Export(f"{name}_images", f"Forty test images of {title}", partial(make_images, name))
        for name, title in DATASETS.items()
    ),
    *(
        Export(f"{name}_classifier", f"Small classifier of {title}", partial(make_classifier, name))
        for name, title in DATASETS.items()
    ),
    *(
        Export(
            name,
            f"Small convolutional classifier of MNIST, {how}",
            partial(make_network, name),
            figures=partial(network_figures, name),
        )
        for name, how in zip(REACH, ("as it is", "shifted"), strict=True)
    ),
    Export(
        "mnist_network_again",
        "Classifier of MNIST, from another seed",
        partial(make_network, "mnist_network", seed=SEED + 1),
    ),
    *(
        Export(name, f"{kind.title} of MNIST", partial(make_two_views, name))
        for name, kind in KINDS.items()
    ),
    Export("collapse_runs", "Two-view training with and without remedies", make_collapse),
    Export("mnist_views", "Pairs of views, and turned digits", make_views),
    Export("mnist_gallery", "Test digits to search among, with their codes", make_gallery),
    Export("mnist_distances", "How far apart digits are by each encoder", make_distances),
    Export("transfer", "Digits to clothes and back, by number of labels", make_transfer),
    Export("code_map", "Flat maps of the gallery's codes", make_code_map),
    Export("patch_codes", "Patches of digits, and the best codes", make_patch_codes),
    Export(
        "rate_distortion",
        "Bits against error, by five kinds of code",
        make_rate_distortion,
        figures=rate_distortion_figures,
    ),
    Export(
        "draws",
        "What plain autoencoders and VAEs draw, judged",
        make_draws,
        arrays=False,
        figures=draws_figures,
    ),
    Export(
        "conv_and_dense",
        "A convolutional and a dense VAE, by digits",
        make_conv_and_dense,
        arrays=False,
        figures=conv_and_dense_figures,
    ),
    Export("deep_stacks", "Deep stacks of convolutions", make_deep_stacks, arrays=False),
    Export(
        "spatial_codes",
        "Spatial codes and flat ones, measured",
        make_spatial_codes,
        arrays=False,
        figures=spatial_codes_figures,
    ),
    Export("contest", "GANs in the plane, counted", make_contest, arrays=False),
    Export("faces_encoder", "The encoder of the VAE of faces", make_faces_encoder),
    Export("face_betas", "VAEs of faces for six betas", make_face_betas, arrays=False),
    Export("face_controls", "Controls of the VAE of faces", make_face_controls, arrays=False),
    Export("mnist_tokens", "Digits drawn token by token", make_tokens),
    Export("face_diffusion", "Faces out of noise", make_face_diffusion),
    Export("face_latents", "What each latent of the VAE of faces carries", make_face_latents),
    Export("faces", "Directions among the codes of faces", make_faces),
    Export("cells", "Maps of blood cells", make_cells),
    Export("word_index", "Indexes of the word vectors", make_word_index),
    Export("heart", "An alarm for a heart", make_heart),
    Export("colour_views", "Contrastive encoders of emoji by augmentation", make_colour_views),
    Export("mnist_probes", "Linear probes of a network's layers", make_probes),
    Export("mnist_masked", "Masked autoencoder of MNIST", make_masked),
    Export(
        "emoji_words",
        "Encoders of emoji and of their names",
        make_emoji_words,
        figures=emoji_words_figures,
    ),
    Export("emoji_pictures", "The encoder of pictures of emoji_words", make_emoji_pictures),
    Export("mnist_masking", "Masked autoencoders by what they are shown", make_masking),
    Export(
        "masked_words",
        "A transformer that fills in hidden words",
        make_masked_words,
        figures=masked_words_figures,
    ),
    Export("stroke_codes", "Codes of strokes with known factors", make_stroke_codes),
    Export("mnist_network_features", "Sparse features of a network's units", make_features),
    *(
        Export(
            f"{name}_diffusion", f"Diffusion in the latent of {name}", partial(make_diffusion, name)
        )
        for name in DIFFUSED
    ),
    Export(
        "conv_vae_mnist_16_decoder",
        "Decoder of conv_vae_mnist_16 for diffusion",
        partial(make_draw_decoder, "conv_vae_mnist_16"),
    ),
    Export("mnist_judged_images", "The 2,000 images of chapter 5", make_judged_images),
    *(
        Export(f"mnist_as_{name}", f"Codes of 2,000 digits: {title}", partial(make_codes, name))
        for name, title in JUDGED.items()
        if name != "pixels"
    ),
    Export("mnist_confound", "Erasing what can be read off a layer", make_confound),
    Export("mnist_places", "Drawings at many places, to be learned by heart", make_control_task),
    *(
        Export(f"mnist_logistic_{name}", f"Logistic probes: {title}", partial(make_logistic, name))
        for name, title in JUDGED.items()
    ),
    Export("mnist_judged", "Probes of the judged codes on all of MNIST", make_judged),
    Export("mnist_cards", "Report cards of the judged codes", make_cards),
    Export("mnist_compared", "How alike the judged codes are", make_compared),
    Export("benchmark_labels", "Labels of 20,000 digits", make_full_labels, SERVER_DATA),
    *(
        Export(
            f"benchmark_{name}",
            f"Codes of 20,000 digits: {title}",
            partial(make_full_codes, name),
            SERVER_DATA,
        )
        for name, title in JUDGED.items()
    ),
)

__all__ = ["EXPORTS", "Export", "Job"]
