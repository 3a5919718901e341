# contract 1
# Español: empezado. Lo que falta se dice en inglés.

date-time = { $day } de { $month } de { $year }, { $time } UTC
month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre
within-minutes =
    { $count ->
        [one] en el plazo de un minuto
       *[other] en el plazo de { $count } minutos
    }
within-hours =
    { $count ->
        [one] en el plazo de una hora
       *[other] en el plazo de { $count } horas
    }
within-days =
    { $count ->
        [one] en el plazo de un día
       *[other] en el plazo de { $count } días
    }

code = O escriba este código donde se le pida:
lifetime-link = El enlace funciona una sola vez, { $within } (hasta el { $until }).
lifetime-link-code = El enlace y el código funcionan una sola vez, { $within } (hasta el { $until }).
copy-link = Si el botón no funciona, copie esta dirección en su navegador:
asked-from = Solicitado el { $at } desde la dirección de red { $source }.
footer = { $product } envía este mensaje automáticamente. Es posible que nadie lea las respuestas.
device = { $browser } en { $system }
reset-subject = Elija una nueva contraseña para { $product }
reset-title = Elegir una nueva contraseña
reset-text = Alguien, probablemente usted, ha solicitado una nueva contraseña para la cuenta { $username }. Al elegirla se cerrará la sesión en todos los dispositivos.
reset-button = Elegir una nueva contraseña
reset-ignore = Si no ha sido usted, ignore este mensaje: su contraseña no cambia.
