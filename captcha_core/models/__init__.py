"""Architectures. Nothing here knows files, training or the page."""

from captcha_core.models.captcha_net import CaptchaNet
from captcha_core.models.cnn_lstm import CNNLSTM
from captcha_core.models.crnn import CRNN
from captcha_core.models.crnn_resnet18 import CRNNResNet18
from captcha_core.models.efficientnet import CNNModel, set_requires_grad
from captcha_core.models.ppocr import PPOCRRecognizer
from captcha_core.models.registry import build_model, model_names, register_model
from captcha_core.models.resnet50_heads import ResNet50Heads

__all__ = [
    "CNNLSTM",
    "CaptchaNet",
    "CNNModel",
    "CRNN",
    "CRNNResNet18",
    "PPOCRRecognizer",
    "ResNet50Heads",
    "build_model",
    "model_names",
    "register_model",
    "set_requires_grad",
]
