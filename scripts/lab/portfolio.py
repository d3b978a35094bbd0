"""A fictional portfolio: debtors, their numbers and debts, as a CSV that `dialer leads import` takes.

Every name is put together by chance from common Spanish names; every number is one of those which the North American
plan keeps for fiction (555-0100 to 555-0199), and its last two digits tell the telco stand-in how to behave.
"""

import csv
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

AREA_CODES = ("809", "829", "849", "787", "939", "305", "786", "210", "915", "956")
GIVEN = """
Ana Beatriz Camila Carmen Daniela Elena Gabriela Isabel Juana Laura Lucía Luz Marcela María Marta
Mercedes Paola Patricia Rosa Sofía Teresa Valentina Verónica Alberto Alejandro Andrés Antonio Carlos
César Daniel Diego Eduardo Esteban Felipe Fernando Francisco Gonzalo Hugo Javier Jorge José Juan
Julio Luis Manuel Mario Miguel Óscar Pablo Pedro Rafael Ramón Raúl Ricardo Roberto Santiago Sergio
Tomás Víctor
""".split()  # noqa: SIM905  (a list of names reads best as a text)
FAMILY = """
Acosta Aguilar Álvarez Benítez Cabrera Castillo Castro Contreras Cordero Cruz Delgado Díaz Domínguez
Duarte Escobar Espinoza Fernández Flores García Gómez González Guerrero Gutiérrez Hernández Herrera
Jiménez León López Martínez Medina Mejía Méndez Molina Morales Muñoz Navarro Núñez Ortega Ortiz Peña
Pérez Ramírez Ramos Reyes Ríos Rivera Rodríguez Rojas Romero Ruiz Salazar Sánchez Santos Silva Soto
Suárez Torres Valdez Vargas Vásquez Vega
""".split()  # noqa: SIM905  (a list of names reads best as a text)
PRODUCTS = ("Tarjeta de crédito", "Préstamo personal", "Crédito de consumo", "Línea de celular")
CREDITORS = ("Banco Ficticio del Caribe", "Financiera Inventada")
SEGMENTS = ("Preventiva", "Temprana", "Tardía", "Judicial")
COLUMNS = """
referencia nombre idioma zona_horaria segmento telefono1 telefono2 telefono3 deuda acreedor producto
saldo moneda vencimiento prioridad
""".split()  # noqa: SIM905  (a list of names reads best as a text)

SCRIPTS = {
    "Preventiva": """# Recordatorio

Buenos días, ¿hablo con **{{ debtor.name }}**? Le saluda {{ agent.name }} de Cadencia Laboratorio.

{% if debt %}Su {{ debt.product }} con {{ debt.creditor }} vence el {{ debt.due_on }}: {{ debt.balance }}.{% endif %}

- ¿Cuenta con el dinero para esa fecha?
- Ofrezca el pago por enlace o en ventanilla.
""",
    "Temprana": """# Atraso temprano

¿**{{ debtor.name }}**? Le llama {{ agent.name }}.

{% if debt %}Su {{ debt.product }} tiene **{{ debt.days_past_due }} días** de atraso: {{ debt.balance }}.{% endif %}

1. Confirme dos datos antes de hablar del saldo.
2. Pregunte cuándo puede pagar y proponga una fecha dentro de 7 días.
3. Registre la promesa.
""",
    "Tardía": """# Atraso tardío

¿**{{ debtor.name }}**? Soy {{ agent.name }}, por su cuenta con {{ debt.creditor }}.

{% if debt %}Saldo: **{{ debt.balance }}**, {{ debt.days_past_due }} días.{% endif %}

- Ofrezca el plan en cuotas: 30 % hoy y el resto en 3 pagos.
- Si disputa la deuda, márquelo y no insista.
""",
    "Judicial": """# Etapa prejudicial

¿**{{ debtor.name }}**? Habla {{ agent.name }}.

{% if debt %}Referencia {{ debt.reference }}: **{{ debt.balance }}**.{% endif %}

- Informe la etapa sin amenazar.
- Ofrezca un acuerdo por escrito.
- Si tiene abogado, pida sus datos y termine la llamada.
""",
}


def debtors(count: int, seed: int, today: datetime | None = None) -> Iterator[dict[str, str]]:
    """`count` rows; the same seed gives the same people. One number in nine is useless, one person in two has two."""
    chance = random.Random(seed)
    today = today or datetime.now(UTC)
    numbers = [f"+1{area}55501{n:02d}" for area in AREA_CODES for n in range(100)]
    chance.shuffle(numbers)
    extra = iter(numbers)
    for index in range(count):
        segment = chance.choices(SEGMENTS, weights=(2, 4, 3, 1))[0]
        past_due = {"Preventiva": -5, "Temprana": 20, "Tardía": 80, "Judicial": 200}[segment]
        due = today - timedelta(days=past_due + chance.randint(0, 15))
        phones = [next(extra, None) or chance.choice(numbers)]
        while len(phones) < 3 and chance.random() < 0.5:
            phones.append(next(extra, None) or chance.choice(numbers))
        name = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)} {chance.choice(FAMILY)}"
        yield {
            "referencia": f"DEMO-{index + 1:06d}",
            "nombre": name,
            "idioma": "es",
            "zona_horaria": "America/Santo_Domingo",
            "segmento": segment,
            **{f"telefono{n + 1}": phone for n, phone in enumerate(dict.fromkeys(phones))},
            "deuda": f"DEMO-D-{index + 1:06d}",
            "acreedor": chance.choice(CREDITORS),
            "producto": chance.choice(PRODUCTS),
            "saldo": f"{chance.lognormvariate(9.2, 0.8):.2f}",
            "moneda": "DOP",
            "vencimiento": f"{due:%Y-%m-%d}",
            "prioridad": "0",
        }


def write_portfolio(path: Path, count: int, seed: int) -> None:
    """Write `debtors` as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(debtors(count, seed))
