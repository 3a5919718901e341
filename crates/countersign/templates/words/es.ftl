# contract 1
# Español: todos los mensajes, con tratamiento de usted.

## Fechas y horas, siempre en UTC, y duraciones

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

## Todos los correos

code = O escriba este código donde se le pida:
lifetime-link = El enlace funciona una sola vez, { $within } (hasta el { $until }).
lifetime-link-code = El enlace y el código funcionan una sola vez, { $within } (hasta el { $until }).
copy-link = Si el botón no funciona, copie esta dirección en su navegador:
asked-from = Solicitado el { $at } desde la dirección de red { $source }.
footer = { $product } envía este mensaje automáticamente. Es posible que nadie lea las respuestas.
device = { $browser } en { $system }
fact-time = Fecha
fact-device = Dispositivo
fact-source = Dirección de red

## Confirmar una dirección

verify-subject = Confirme su dirección de correo para { $product }
verify-title = Confirmar su dirección de correo
verify-text = Confirme que { $address } es su dirección.
verify-button = Confirmar la dirección
verify-ignore = Si no lo ha solicitado, ignore este mensaje: sin su confirmación no ocurre nada.

## Una nueva contraseña

reset-subject = Elija una nueva contraseña para { $product }
reset-title = Elegir una nueva contraseña
reset-text = Alguien, probablemente usted, ha solicitado una nueva contraseña para la cuenta { $username }. Al elegirla se cerrará la sesión en todos los dispositivos.
reset-button = Elegir una nueva contraseña
reset-ignore = Si no ha sido usted, ignore este mensaje: su contraseña no cambia.

## Iniciar sesión por correo

sign-in-subject = Inicio de sesión en { $product }
sign-in-title = Iniciar sesión
sign-in-text = Puede iniciar sesión como { $username } sin su contraseña.
sign-in-button = Iniciar sesión
sign-in-ignore = Si no lo ha solicitado, ignore este mensaje. No dé el código a nadie, ni siquiera a quien diga ser de { $product }.

## Una cuenta propia

register-subject = Cree su cuenta en { $product }
register-title = Crear su cuenta
register-text = Alguien, probablemente usted, quiere crear una cuenta en { $product } y ha indicado { $address }. Elija ahora un nombre de usuario y una contraseña.
register-button = Crear la cuenta
register-ignore = Si no lo ha solicitado, ignore este mensaje: sin usted no se crea ninguna cuenta.

## Alguien se registra con una dirección que ya tiene cuenta

already-registered-subject = Ya tiene una cuenta en { $product }
already-registered-title = Ya tiene una cuenta
already-registered-text = Alguien, probablemente usted, ha intentado registrarse con { $address }. Esta dirección pertenece a la cuenta { $username }: inicie sesión con ella. Si ha olvidado la contraseña, la página de inicio de sesión le ayuda a elegir una nueva.
already-registered-button = Ir a la página de inicio de sesión
already-registered-ignore = Si no ha sido usted, no tiene que hacer nada. Nadie ha sabido que tiene una cuenta.

## Una invitación

invite-subject = Le invitan a { $product }
invite-title = Ha recibido una invitación
invite-text = Le invitan a tener una cuenta en { $product }. Para aceptar, elija un nombre de usuario y una contraseña.
invite-button = Aceptar la invitación
invite-ignore = Si no quiere una cuenta, ignore este mensaje: sin usted no se crea ninguna.

## La dirección de una cuenta

address-changed-subject = La nueva dirección de correo de su cuenta en { $product }
address-changed-title = Su nueva dirección de correo
address-changed-text = { $address } es ahora la dirección de correo de la cuenta { $username }. A partir de ahora los mensajes llegan aquí.
address-changed-ignore = Si no conoce esta cuenta, avise a los responsables de { $product }.
address-undo-subject = Se ha cambiado la dirección de correo de su cuenta en { $product }
address-undo-title = Se ha cambiado su dirección de correo
address-undo-text = La dirección de correo de la cuenta { $username } se cambió por { $other_address } el { $at }. Si ha sido usted, no tiene que hacer nada.
address-removed-text = La dirección de correo { $address } se quitó de la cuenta { $username } el { $at }. Si ha sido usted, no tiene que hacer nada.
address-undo-button = Deshacer el cambio
address-undo-ignore = Si no ha sido usted, alguien conoce su contraseña. Deshaga el cambio: se cerrará la sesión en todos los dispositivos y la contraseña dejará de funcionar. Elija después una nueva.

## Avisos

password-changed-subject = Se ha cambiado su contraseña de { $product }
password-changed-title = Se ha cambiado su contraseña
password-changed-text = Se ha cambiado la contraseña de la cuenta { $username }. Se ha cerrado la sesión en todos los demás dispositivos.
password-changed-ignore = Si no ha sido usted ni la administración, alguien conocía su contraseña. Solicite enseguida una nueva en la página de inicio de sesión.
second-factor-changed-subject = Se ha cambiado el segundo paso de su inicio de sesión en { $product }
second-factor-changed-title = Se ha cambiado su segundo paso
second-factor-changed-text = Se ha añadido o quitado un autenticador de la cuenta { $username }, o se han renovado sus códigos de recuperación. Si se ha añadido o quitado un autenticador, se ha cerrado la sesión en todos los demás dispositivos.
second-factor-changed-ignore = Si no ha sido usted ni la administración, alguien conoce su contraseña. Cámbiela de inmediato y revise sus autenticadores en la página de la cuenta.
new-device-subject = Inicio de sesión en { $product } desde un dispositivo nuevo
new-device-title = Inicio de sesión desde un dispositivo nuevo
new-device-text = Alguien ha iniciado sesión en la cuenta { $username } desde un dispositivo que no se conocía.
new-device-ignore = Si ha sido usted, no tiene que hacer nada. Si no, cambie enseguida su contraseña: se cerrará la sesión en todos los demás dispositivos.
password-reset-done-subject = Tiene una nueva contraseña de { $product }
password-reset-done-title = Tiene una nueva contraseña
password-reset-done-text = La cuenta { $username } tiene una nueva contraseña, elegida mediante un enlace que enviamos a esta dirección. Se ha cerrado la sesión en todos los dispositivos.
password-reset-done-ignore = Si no ha sido usted, alguien lee su correo. Cambie primero la contraseña de su buzón y solicite después una nueva en la página de inicio de sesión.
sign-in-page = Ir a la página de inicio de sesión
test-subject = Mensaje de prueba de { $product }
test-title = Funciona
test-text = { $product } puede enviar correos. Este se creó el { $at }.

## Las páginas de los enlaces de los correos

page-verify-title = Confirmar su dirección de correo
page-verify-text = Pulse el botón para confirmar que { $address } es su dirección.
page-verify-button = Confirmar la dirección
page-sign-in-title = Iniciar sesión
page-sign-in-text = Pulse el botón para iniciar sesión con este navegador.
page-sign-in-button = Iniciar sesión
page-keep-account-title = ¿Conservar la cuenta?
page-keep-account-text = Su cuenta se eliminará el { $at }, como usted solicitó. Pulse el botón para conservarla e iniciar sesión.
page-keep-account-button = Conservar la cuenta e iniciar sesión
other-browser-title = ¿Ha pedido iniciar sesión?
other-browser-text = El inicio de sesión se pidió desde un navegador o dispositivo distinto de este:
digits = Las dos cifras que se muestran allí
digits-hint = Tiene un solo intento. Se iniciará la sesión en el otro navegador, no en este.
other-browser-button = Iniciar sesión en el otro navegador
other-browser-ignore = Si no ha sido usted, o si alguien le ha dicho lo que debe escribir, cierre esta página: no ocurrirá nada.

## El segundo paso de un inicio de sesión

second-step-title = Un paso más
second-step-text = Esta cuenta tiene un autenticador. Escriba el código que muestra ahora.
second-step-code = Código
second-step-hint = Seis cifras de la aplicación de autenticación, o uno de sus códigos de recuperación.
second-step-button = Iniciar sesión
authenticator-needed-title = Configure primero un autenticador
authenticator-needed-text = Esta cuenta necesita una aplicación de autenticación, que se configura al iniciar sesión. Vuelva a la página en la que pidió este correo y escriba allí el código del correo.
asking-browser-only-title = Abra este enlace donde lo pidió
asking-browser-only-text = El inicio de sesión se pidió desde un navegador o dispositivo distinto de este. Abra allí el enlace, o escriba allí el código del mensaje.
page-register-title = Crear su cuenta
page-register-text = Su cuenta tendrá la dirección { $address }. Elija un nombre de usuario y una contraseña.
page-register-button = Crear la cuenta
page-change-address-title = Su nueva dirección de correo
page-change-address-text = Pulse el botón para usar { $address } en su cuenta.
page-change-address-button = Usar esta dirección
page-undo-address-title = Deshacer el cambio
page-undo-address-text = Pulse el botón para que { $address } vuelva a ser la dirección de correo de su cuenta. Las direcciones añadidas después se quitan, se cierra la sesión en todos los dispositivos, las claves de API se revocan y la contraseña deja de funcionar.
page-undo-address-button = Deshacer el cambio
page-reset-title = Elegir una nueva contraseña
page-reset-text = Es para la cuenta con la dirección { $address }. Al guardarla se cerrará la sesión en todos los dispositivos.
page-reset-button = Guardar la contraseña
page-invite-title = Ha recibido una invitación
page-invite-text = Elija un nombre de usuario y una contraseña para su cuenta, que tendrá la dirección { $address }.
page-invite-button = Crear la cuenta
username = Nombre de usuario
new-password = Nueva contraseña
password-hint =
    { $count ->
        [one] Al menos { $count } carácter: unas cuantas palabras que solo usted combinaría.
       *[other] Al menos { $count } caracteres: unas cuantas palabras que solo usted combinaría.
    }
done-verify-title = Dirección confirmada
done-verify-text = Puede cerrar esta página o iniciar sesión.
done-register-title = Su cuenta está lista
done-register-text = Inicie sesión con el nombre de usuario y la contraseña que ha elegido.
done-invite-title = Su cuenta está lista
done-invite-text = Inicie sesión con el nombre de usuario y la contraseña que ha elegido.
done-change-address-title = Dirección confirmada
done-change-address-text = A partir de ahora los mensajes se envían a esta dirección.
done-undo-address-title = El cambio se ha deshecho
done-undo-address-text = Su cuenta vuelve a tener la dirección de correo anterior, y nadie puede iniciar sesión. Solicite ahora una nueva contraseña en la página de inicio de sesión.
done-sign-in-title = La sesión se ha iniciado en el otro navegador
done-sign-in-text = Continúe allí. Puede cerrar esta página.
done-reset-title = Su nueva contraseña se ha guardado
done-reset-text = Se ha cerrado la sesión en todos los dispositivos. Inicie sesión con la nueva contraseña.
refused-title = Este enlace no funciona
refused-text = Ya se ha usado, es demasiado antiguo o se ha enviado uno más reciente. Solicite uno nuevo donde solicitó este.
problem-password-too-short =
    { $count ->
        [one] La contraseña debe tener al menos { $count } carácter.
       *[other] La contraseña debe tener al menos { $count } caracteres.
    }
problem-password-like-username = La contraseña no debe estar formada por el nombre de usuario.
problem-password-like-service = La contraseña no debe estar formada por el nombre de este servicio.
problem-password-repetitive = La contraseña no debe ser una simple repetición o secuencia.
problem-password-common = Esta contraseña es una de las más comunes, las que se prueban primero.
problem-password-unchanged = La nueva contraseña no debe ser la actual.
problem-username-taken = Este nombre de usuario ya está en uso. Elija otro.
problem-username-looks-alike = Este nombre de usuario se parece al de otra cuenta. Elija otro.
problem-username-invalid = Este nombre de usuario no se puede usar. Elija otro.
problem-invalid-second-factor = El código no es correcto o ya se ha utilizado. Espere al siguiente.
problem-too-many-attempts = Demasiados códigos incorrectos. Inténtelo de nuevo más tarde.
problem-other = No ha funcionado. Inténtelo de nuevo.

## Aplicaciones

onwards-title = Un momento
onwards-link = Continuar
consent-title = { $client } quiere iniciar su sesión
consent-destination = La respuesta va a { $destination }.
consent-account = Ha iniciado sesión como { $username }.
consent-scopes = { $client } pide lo siguiente:
consent-new = nuevo
consent-resources = Usará estos servicios en su nombre:
consent-end = Puede terminarlo en cualquier momento en la página de su cuenta.
consent-allow = Permitir
consent-deny = No permitir
scope-openid = Saber quién es usted
scope-profile = Ver su nombre de usuario y su idioma
scope-email = Ver su dirección de correo electrónico
scope-offline-access = Mantener la sesión cuando usted no está
app-refused-title = Este inicio de sesión no funciona
app-refused-client = La aplicación que le ha enviado aquí no es conocida. Avise a quien la gestiona.
app-refused-redirect-uri = La aplicación que le ha enviado aquí quiere la respuesta en una dirección que no está registrada. Avise a quien la gestiona.
app-refused-too-long = La aplicación que le ha enviado aquí pide demasiado a la vez. Avise a quien la gestiona.
app-refused-over = Ha tardado demasiado, o se empezó en otro navegador. Vuelva a la aplicación y empiece de nuevo.
app-refused-failed = Algo no ha funcionado aquí. Vuelva a la aplicación e inténtelo de nuevo en un momento.
app-refused-closest = La dirección registrada más parecida: { $destination }
logout-ask-title = ¿Cerrar la sesión?
logout-client = { $client } pide cerrar su sesión aquí.
logout-button = Cerrar la sesión
logout-stay-button = Seguir conectado
logout-done-title = Ha cerrado la sesión
logout-done-text = Puede cerrar esta página.
logout-stay-title = Sigue conectado
logout-stay-text = No ha cambiado nada.
