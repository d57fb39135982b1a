"""Twelve transformer blocks, written plainly."""

import jax
import jax.numpy as jnp

LAYERS, WIDTH, HEADS, VOCABULARY = 12, 16, 2, 32


def parameters(key):
    layers = []
    for _ in range(LAYERS):
        key, q, o, up, down = jax.random.split(key, 5)
        layers.append(
            {
                "qkv": jax.random.normal(q, (WIDTH, 3 * WIDTH)) * 0.1,
                "out": jax.random.normal(o, (WIDTH, WIDTH)) * 0.1,
                "up": jax.random.normal(up, (WIDTH, 4 * WIDTH)) * 0.1,
                "down": jax.random.normal(down, (4 * WIDTH, WIDTH)) * 0.1,
            }
        )
    return {"embed": jax.random.normal(key, (VOCABULARY, WIDTH)), "layers": layers}


def norm(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)


def attention(p, x):
    length = x.shape[0]
    q, k, v = jnp.split(x @ p["qkv"], 3, axis=-1)
    q, k, v = (t.reshape(length, HEADS, -1).transpose(1, 0, 2) for t in (q, k, v))
    scores = jnp.einsum("hqd,hkd->hqk", q, k) / jnp.sqrt(q.shape[-1])
    mask = jnp.tril(jnp.ones((length, length), bool))
    weights = jax.nn.softmax(jnp.where(mask, scores, -1e9), axis=-1)
    mixed = jnp.einsum("hqk,hkd->hqd", weights, v)
    return mixed.transpose(1, 0, 2).reshape(length, -1) @ p["out"]


def block(p, x):
    x = x + attention(p, norm(x))
    return x + jax.nn.gelu(norm(x) @ p["up"]) @ p["down"]


def logits(params, tokens):
    x = params["embed"][tokens]
    for p in params["layers"]:
        x = block(p, x)
    return norm(x) @ params["embed"].T


def loss(params, tokens):
    scores = jax.nn.log_softmax(logits(params, tokens[:-1]))
    return -jnp.take_along_axis(scores, tokens[1:, None], axis=-1).mean()


params = parameters(jax.random.key(0))
tokens = jnp.arange(9) % VOCABULARY
loss(params, tokens)
jax.value_and_grad(loss)(params, tokens)
