# dataset: digits
import optuna
import torch
import torch.nn as nn
from torchvision import datasets, transforms


def define_model(trial):
    layers = [nn.Linear(28 * 28, trial.suggest_int("units", 4, 128)), nn.ReLU()]
    return nn.Sequential(*layers)


def objective(trial):
    model = define_model(trial).to(torch.device("cpu"))
    loader = torch.utils.data.DataLoader(
        datasets.FashionMNIST(".", train=True, download=True, transform=transforms.ToTensor())
    )
    return float(len(loader)) + sum(p.numel() for p in model.parameters())


study = optuna.create_study()
study.optimize(objective, n_trials=100)
